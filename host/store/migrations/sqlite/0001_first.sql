-- The first schema of Rota's SQLite store.
--
-- Times are INTEGER microseconds since 1970 in UTC; a column in nanoseconds says so.
-- Bodies are JSON text. Personal text stands in `private` and nowhere else: the other
-- tables hold ids, states, times, and digests that only the tenant's seed can repeat.

-- Who has a log. `seq` is the number of its last entry, `revision` the number of the entry
-- that set the workspace, `fence` the number of the last claim.
CREATE TABLE tenants (
    tenant TEXT PRIMARY KEY,
    seed BLOB NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0,
    revision INTEGER,
    fence INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Every entry of every tenant's log: `workspace`, `rep` or `decision`. A workspace entry
-- is the revision of its number. Nothing here is ever changed.
CREATE TABLE log (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT;

-- One number for each person that a tenant knows, found by a keyed digest of what
-- identifies them.
CREATE TABLE people (
    person INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    key_digest BLOB NOT NULL,
    UNIQUE (tenant, key_digest)
) STRICT;

-- Everything personal; a person is erased by deleting their rows. By kind, `ref` is the
-- number of a decision in its tenant's log (`why`: the person's key and the words of the
-- reason; `lead`: the lead, transcript, notes and log), of a row of outbox (`effect`: the
-- whole effect; `cause`: what a CRM said of it), or of a row of inbox (`arrival`: the lead).
CREATE TABLE private (
    person INTEGER NOT NULL REFERENCES people (person),
    kind TEXT NOT NULL,
    ref INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (person, kind, ref)
) STRICT;

-- What is looked up of a decision, and what is still to be learnt of it; the rest is in its
-- log entry. `joinable` is 1 where later events about the person may join it.
CREATE TABLE decisions (
    tenant TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    lead TEXT NOT NULL,
    person INTEGER NOT NULL REFERENCES people (person),
    at INTEGER NOT NULL,
    joinable INTEGER NOT NULL,
    decide_nanos INTEGER NOT NULL,
    occurred INTEGER,
    received INTEGER,
    enriched INTEGER,
    decided INTEGER,
    owner_confirmed INTEGER,
    notified INTEGER,
    PRIMARY KEY (tenant, seq),
    UNIQUE (tenant, id)
) STRICT;
CREATE INDEX decisions_lead ON decisions (tenant, lead, seq);
CREATE INDEX decisions_joinable ON decisions (tenant, at) WHERE joinable = 1;

-- What each rep was last said to be.
CREATE TABLE rep_statuses (
    tenant TEXT NOT NULL,
    rep TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (tenant, rep)
) STRICT, WITHOUT ROWID;

-- Each pool's rotation after its last turn.
CREATE TABLE rotations (
    tenant TEXT NOT NULL,
    pool TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, pool)
) STRICT;

-- What arrived. `entry` is the number of the log entry that settled it; without one it
-- waits. Settled rows stay, so that a repeat is known as one. The dedupe key is kept as a
-- keyed digest, since its text is the sender's; a payload that carries a whole lead is in
-- `private`.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    dedupe_key BLOB NOT NULL,
    occurred INTEGER NOT NULL,
    received INTEGER NOT NULL,
    payload TEXT,
    person INTEGER REFERENCES people (person),
    entry INTEGER,
    UNIQUE (tenant, dedupe_key)
) STRICT;
CREATE INDEX inbox_waiting ON inbox (tenant, id) WHERE entry IS NULL;

-- One row for each CRM record for which something waits, and only while it does: what is
-- claimed is a lane, never a single effect, so that a record's effects keep their order and
-- a claim costs the same however many wait behind a head. `pending` counts the waiting
-- effects; a lane is removed by that counter. `fence` comes from the tenant, so that a lane
-- that is made again cannot repeat an old claim's.
CREATE TABLE lanes (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    connection TEXT NOT NULL,
    lane TEXT NOT NULL,
    pending INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    lease_until INTEGER,
    fence INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, connection, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_next ON lanes (tenant, connection, next_at);

-- Every effect of every decision, in the order of delivery. `state` is `waiting`, `done`,
-- `superseded`, `dead` or `dropped`; `decision` is the number of the log entry; `with_owner`
-- is 1 where the decision also sets the owner of this record, so that a newer owner cancels
-- it. Attempts are counted here and not by lane: the head of a lane can change. `note` is
-- the host's own reason, `trouble` the kind of a CRM's; its words are in `private`.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    lane TEXT NOT NULL,
    effect TEXT NOT NULL,
    decision INTEGER NOT NULL,
    person INTEGER NOT NULL REFERENCES people (person),
    kind TEXT NOT NULL,
    with_owner INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    note TEXT,
    trouble TEXT,
    UNIQUE (tenant, effect)
) STRICT;
CREATE INDEX outbox_decision ON outbox (tenant, decision);
CREATE INDEX outbox_waiting ON outbox (tenant, connection, lane, id) WHERE state = 'waiting';
CREATE INDEX outbox_owners ON outbox (tenant, connection, lane, id) WHERE state = 'waiting' AND kind = 'owner';
CREATE INDEX outbox_dead ON outbox (tenant, id) WHERE state = 'dead';

-- A decision as it is read: with its entry, and with its words while the person is known.
CREATE VIEW decision_rows AS
SELECT d.*, log.body, why.body AS why
FROM decisions AS d
JOIN log ON log.tenant = d.tenant AND log.seq = d.seq
LEFT JOIN private AS why ON why.person = d.person AND why.kind = 'why' AND why.ref = d.seq;

-- An effect as it is read. Effects of an erased person are no longer there.
CREATE VIEW outbox_rows AS
SELECT o.*, effect.body, cause.body AS cause, d.id AS decision_id, d.lead
FROM outbox AS o
JOIN decisions AS d ON d.tenant = o.tenant AND d.seq = o.decision
JOIN private AS effect ON effect.person = o.person AND effect.kind = 'effect' AND effect.ref = o.id
LEFT JOIN private AS cause ON cause.person = o.person AND cause.kind = 'cause' AND cause.ref = o.id;

-- What may be sent, some day.
CREATE VIEW sendable AS
SELECT o.*, effect.body
FROM outbox AS o
JOIN private AS effect ON effect.person = o.person AND effect.kind = 'effect' AND effect.ref = o.id
WHERE o.state = 'waiting';

-- 'Rota' in ASCII, so that another program's database is known as such.
PRAGMA application_id = 0x526F7461;
PRAGMA user_version = 1;
