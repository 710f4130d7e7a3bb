-- The third schema: several tenants share a server that other programs call, and what is
-- personal or secret is sealed.
--
-- Sealed columns are BLOBs that open only under their key and in their place: the bodies in
-- `private` under their person's key, `people.key`, `tenants.seed` and `secrets` under their
-- tenant's, `tenants.key` and `host_key` under the host's, which is in no database. In the
-- clear stay ids, digests, states, numbers and times, since they are searched and sorted by;
-- workspaces, plugins and tables, which are the tenant's work and tell of no lead; the names
-- of counters and the reasons' codes, which rules choose; and the ids of leads, which are
-- record numbers of a CRM: whoever routes leads under ids of their own should choose numbers,
-- too, and no e-mail addresses.

-- The host's key as this database knows it: a text that only this key opens. One row.
CREATE TABLE host_key (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BLOB NOT NULL
) STRICT;

-- Each tenant's key. NULL only while an older database is being sealed, as below.
ALTER TABLE tenants ADD COLUMN key BLOB;

-- Each person's key. Once it is dropped, they are erased: `erased` and `erased_by` say when
-- and by whom, and `key_digest` is a number of no meaning, so that the same person is somebody
-- new from then on.
ALTER TABLE people ADD COLUMN key BLOB;
ALTER TABLE people ADD COLUMN erased INTEGER;
ALTER TABLE people ADD COLUMN erased_by TEXT;

-- Who was erased lately, by the digest that their row had. What was taken in before and is
-- decided after has to be known as theirs; once nothing of that kind waits, the row goes. `newest`
-- is the number of the newest row of the inbox then.
CREATE TABLE departed (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    digest BLOB NOT NULL,
    at INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (tenant, digest)
) STRICT, WITHOUT ROWID;

-- The bodies of an older database are moved from here to `private`, sealed, by whoever opens
-- it first; then this table goes. Whoever is interrupted goes on at the next start.
DROP VIEW decision_rows;
DROP VIEW outbox_rows;
DROP VIEW sendable;
ALTER TABLE private RENAME TO private_plain;

-- As before, but for bodies, which are sealed.
CREATE TABLE private (
    person INTEGER NOT NULL REFERENCES people (person),
    kind TEXT NOT NULL,
    ref INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (person, kind, ref)
) STRICT;

-- As before, but for three things. An id comes first where it is unique: it begins with its time,
-- so new ones of all tenants stand together, and a commit with a decision each of fifty tenants
-- writes one page of them and not fifty. Those that later events may join are found by `seq`,
-- which follows `at`. And what alarms ask for: `unassigned` is 1 where the decision put the lead
-- into a queue; `due` is by when the rep should have responded, where an owner is to be confirmed.
-- Decisions of an older database raise no alarm.
CREATE TABLE decisions_anew (
    tenant TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    lead TEXT NOT NULL,
    person INTEGER NOT NULL REFERENCES people (person),
    at INTEGER NOT NULL,
    joinable INTEGER NOT NULL,
    decide_nanos INTEGER NOT NULL,
    unassigned INTEGER NOT NULL DEFAULT 0,
    due INTEGER,
    occurred INTEGER,
    received INTEGER,
    enriched INTEGER,
    decided INTEGER,
    owner_confirmed INTEGER,
    notified INTEGER,
    PRIMARY KEY (tenant, seq),
    UNIQUE (id, tenant)
) STRICT;
INSERT INTO decisions_anew (tenant, seq, id, lead, person, at, joinable, decide_nanos,
    occurred, received, enriched, decided, owner_confirmed, notified)
SELECT tenant, seq, id, lead, person, at, joinable, decide_nanos,
    occurred, received, enriched, decided, owner_confirmed, notified
FROM decisions ORDER BY rowid;
DROP TABLE decisions;
ALTER TABLE decisions_anew RENAME TO decisions;
CREATE INDEX decisions_lead ON decisions (tenant, lead, seq);
-- Each of these holds only what an alarm may be about.
CREATE INDEX decisions_unassigned ON decisions (tenant, seq) WHERE unassigned = 1;
CREATE INDEX decisions_due ON decisions (tenant, due) WHERE due IS NOT NULL AND owner_confirmed IS NULL;

-- As before, with the keys of persons, or with their erasure.
CREATE VIEW decision_rows AS
SELECT d.*, log.body, why.body AS why, people.key AS person_key, people.key_digest AS person_digest,
    people.erased, people.erased_by
FROM decisions AS d
JOIN log ON log.tenant = d.tenant AND log.seq = d.seq
JOIN people ON people.person = d.person
LEFT JOIN private AS why ON why.person = d.person AND why.kind = 'why' AND why.ref = d.seq;

CREATE VIEW outbox_rows AS
SELECT o.*, effect.body, cause.body AS cause, d.id AS decision_id, d.lead,
    people.key AS person_key, people.key_digest AS person_digest
FROM outbox AS o
JOIN decisions AS d ON d.tenant = o.tenant AND d.seq = o.decision
JOIN people ON people.person = o.person AND people.key IS NOT NULL
JOIN private AS effect ON effect.person = o.person AND effect.kind = 'effect' AND effect.ref = o.id
LEFT JOIN private AS cause ON cause.person = o.person AND cause.kind = 'cause' AND cause.ref = o.id;

CREATE VIEW sendable AS
SELECT o.*, effect.body, people.key AS person_key, people.key_digest AS person_digest
FROM outbox AS o
JOIN people ON people.person = o.person AND people.key IS NOT NULL
JOIN private AS effect ON effect.person = o.person AND effect.kind = 'effect' AND effect.ref = o.id
WHERE o.state = 'waiting';

-- Who a person's decisions and effects are is asked when somebody is given out or erased.
CREATE INDEX decisions_person ON decisions (person, seq);
CREATE INDEX outbox_person ON outbox (person);
CREATE INDEX inbox_person ON inbox (person) WHERE person IS NOT NULL;

-- What is left of decisions whose facts went: `fairness` is the sums of their turns, `upto` the
-- last entry that is in them, `at` the time of the newest decision that is gone.
CREATE TABLE summed (
    tenant TEXT PRIMARY KEY REFERENCES tenants (tenant),
    upto INTEGER NOT NULL,
    at INTEGER NOT NULL,
    fairness TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a tenant's plan is called, where rota.toml says nothing, and when it was made; a
-- suspended tenant decides nothing that arrives.
ALTER TABLE tenants ADD COLUMN plan TEXT;
ALTER TABLE tenants ADD COLUMN made INTEGER;
ALTER TABLE tenants ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;

-- A caller's key and the digest of what it asked, so that the same key with other words is
-- refused. NULL for webhooks.
ALTER TABLE inbox ADD COLUMN asked BLOB;

-- Who may ask what. `digest` is the SHA-256 of the token, which stands nowhere. A token
-- without a tenant is the host's operator's. Revoked ones stay, for the audit log names them.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    tenant TEXT REFERENCES tenants (tenant),
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    made INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    expires INTEGER,
    used INTEGER,
    revoked INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_tenant ON tokens (tenant, made);

-- Every change that a person or a program made: when, who, what, to which thing. Nothing
-- here is ever changed. Without a tenant, it concerns the host.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    thing TEXT NOT NULL,
    detail TEXT
) STRICT;
CREATE INDEX audit_tenant ON audit (tenant, id);

-- Components that tenants uploaded; their bytes are in `kept`. `manifest` is JSON, and so is
-- `makeup`: imports, tools, memory. A withdrawn one is used by no workspace from then on, and
-- still replays.
CREATE TABLE plugins (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    makeup TEXT NOT NULL,
    settings_schema TEXT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    withdrawn INTEGER,
    PRIMARY KEY (tenant, digest)
) STRICT, WITHOUT ROWID;

-- What a workspace revision was made from: who applied it, why, and the digest under which
-- its files are kept. `seq` is the number of its entry in the log, which is written in the
-- same commit. A revision that the host read from a directory has no row.
CREATE TABLE revisions (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    note TEXT,
    source TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

-- Revisions are few among many decisions.
CREATE INDEX log_workspaces ON log (tenant, seq) WHERE kind = 'workspace';

-- Secrets of a workspace by name, such as the token of a CRM account, sealed under the
-- tenant's key.
CREATE TABLE secrets (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- From here on an effect can be `held`: it is in no lane until its decision's owner is
-- confirmed, which lets it go. `trouble` also says what a waiting effect met last, and every
-- dead one has it.
UPDATE outbox SET trouble = CASE WHEN note LIKE 'the workspace has no connection%' THEN '"no-connection"' ELSE '"unreadable"' END
WHERE state = 'dead' AND trouble IS NULL;
CREATE INDEX outbox_held ON outbox (tenant, decision) WHERE state = 'held';
CREATE INDEX outbox_causes ON outbox (tenant, connection, trouble, id) WHERE state = 'dead';

-- What an alarm asks for.
CREATE INDEX outbox_retried ON outbox (tenant, connection, trouble) WHERE state = 'waiting' AND trouble IS NOT NULL;

-- Hosts that use this database at the same time, each until when it is there unless it says so
-- again, and which of them decides for whom. A lease is worth something only as long as its host is
-- there. No decision depends on either: they spare hosts the work of deciding twice.
CREATE TABLE hosts (
    host TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
    tenant TEXT PRIMARY KEY REFERENCES tenants (tenant),
    host TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which process holds a lane, or held it last. What one that died had claimed is let go by
-- those that live. NULL for claims of an older version.
ALTER TABLE lanes ADD COLUMN holder TEXT;

-- What the processes of this database tell each other, one note a row: `host/…` that one
-- lives, `pace/…` how many calls of a CRM account each may make, `circuit/…` which connections
-- are left alone. Nothing in it is about a lead.
CREATE TABLE board (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Leads that reps were given, for those who have a capacity or caps: `open` while they have it in
-- hand. `entry` is the decision's, `kinds` names the conditions of caps that the lead met. What is closed goes when no cap looks so far back.
CREATE TABLE given (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    entry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    rep TEXT NOT NULL,
    lead TEXT NOT NULL,
    kinds TEXT NOT NULL,
    open INTEGER NOT NULL,
    PRIMARY KEY (tenant, entry)
) STRICT, WITHOUT ROWID;

-- Rows that the log added to dated tables: a CRM's record is one, or somebody sent it.
CREATE TABLE table_rows (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    at TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant, name, id)
) STRICT, WITHOUT ROWID;

-- What leads wait for after their decisions: an answer, a rep who accepts, or anybody at all. `entry`
-- is the one since which.
CREATE TABLE waits (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    lead TEXT NOT NULL,
    entry INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, lead)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 3;
