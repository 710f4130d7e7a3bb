-- The schema of Rota's PostgreSQL store, as the third of SQLite's, whose comments say what
-- each column is for (`migrations/sqlite`). What is said here is what differs.
--
-- INTEGER there is BIGINT here, flags are 0 and 1 in both, BLOB is BYTEA. Bodies are TEXT and
-- never JSONB: what was written comes back byte for byte, and JSON may name a zero character,
-- which JSONB refuses. Nothing here is of a session: no LISTEN, no session's locks.

-- By which a database of ours is known, and its version, from 1.
CREATE TABLE rota_schema (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version BIGINT NOT NULL
);
INSERT INTO rota_schema (one, version) VALUES (1, 0);

-- SQLite's greatest and least of two, so that statements have one text.
CREATE FUNCTION max(a BIGINT, b BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS 'SELECT greatest(a, b)';
CREATE FUNCTION min(a BIGINT, b BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS 'SELECT least(a, b)';

CREATE TABLE host_key (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BYTEA NOT NULL
);

-- A row that every record of its tenant writes: room on its page, so that indexes stay as they are.
CREATE TABLE tenants (
    tenant TEXT COLLATE "C" PRIMARY KEY,
    seed BYTEA NOT NULL,
    seq BIGINT NOT NULL DEFAULT 0,
    revision BIGINT,
    key BYTEA,
    plan TEXT,
    made BIGINT,
    suspended BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

-- Fences of all tenants' claims: numbers that only grow, and for which nobody has to wait.
CREATE SEQUENCE fences;

CREATE TABLE log (
    tenant TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);
CREATE INDEX log_workspaces ON log (tenant, seq) WHERE kind = 'workspace';

CREATE TABLE people (
    person BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    key_digest BYTEA NOT NULL,
    key BYTEA,
    erased BIGINT,
    erased_by TEXT,
    UNIQUE (tenant, key_digest)
);

CREATE TABLE departed (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    digest BYTEA NOT NULL,
    at BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    PRIMARY KEY (tenant, digest)
);

CREATE TABLE private (
    person BIGINT NOT NULL REFERENCES people (person),
    kind TEXT COLLATE "C" NOT NULL,
    ref BIGINT NOT NULL,
    body BYTEA NOT NULL,
    UNIQUE (person, kind, ref)
);

CREATE TABLE decisions (
    tenant TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    lead TEXT COLLATE "C" NOT NULL,
    person BIGINT NOT NULL REFERENCES people (person),
    at BIGINT NOT NULL,
    joinable BIGINT NOT NULL,
    decide_nanos BIGINT NOT NULL,
    unassigned BIGINT NOT NULL DEFAULT 0,
    due BIGINT,
    occurred BIGINT,
    received BIGINT,
    enriched BIGINT,
    decided BIGINT,
    owner_confirmed BIGINT,
    notified BIGINT,
    PRIMARY KEY (tenant, seq),
    -- An id begins with its time: new ones of all tenants stand together.
    UNIQUE (id, tenant)
) WITH (fillfactor = 90);
CREATE INDEX decisions_lead ON decisions (tenant, lead, seq);
CREATE INDEX decisions_person ON decisions (person, seq);
CREATE INDEX decisions_unassigned ON decisions (tenant, seq) WHERE unassigned = 1;
CREATE INDEX decisions_due ON decisions (tenant, due) WHERE due IS NOT NULL AND owner_confirmed IS NULL;

CREATE TABLE summed (
    tenant TEXT COLLATE "C" PRIMARY KEY REFERENCES tenants (tenant),
    upto BIGINT NOT NULL,
    at BIGINT NOT NULL,
    fairness TEXT NOT NULL
);

CREATE TABLE rep_statuses (
    tenant TEXT COLLATE "C" NOT NULL,
    rep TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (tenant, rep)
);

CREATE TABLE rotations (
    tenant TEXT COLLATE "C" NOT NULL,
    pool TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, pool)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

CREATE TABLE counters (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    flow TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (tenant, flow, name)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

CREATE TABLE table_rows (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    name TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    key TEXT NOT NULL,
    at TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant, name, id)
);

CREATE TABLE given (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    entry BIGINT NOT NULL,
    at BIGINT NOT NULL,
    rep TEXT COLLATE "C" NOT NULL,
    lead TEXT COLLATE "C" NOT NULL,
    kinds TEXT COLLATE "C" NOT NULL,
    open BIGINT NOT NULL,
    PRIMARY KEY (tenant, entry)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);

CREATE TABLE waits (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    lead TEXT COLLATE "C" NOT NULL,
    entry BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, lead)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);

CREATE TABLE inbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    dedupe_key BYTEA NOT NULL,
    occurred BIGINT NOT NULL,
    received BIGINT NOT NULL,
    payload TEXT,
    person BIGINT REFERENCES people (person),
    entry BIGINT,
    asked BYTEA,
    UNIQUE (tenant, dedupe_key)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX inbox_waiting ON inbox (tenant, id) WHERE entry IS NULL;
CREATE INDEX inbox_person ON inbox (person) WHERE person IS NOT NULL;

-- Small, and written at every claim and settlement: pages with room, and swept often, or claims
-- become slow behind dead rows.
CREATE TABLE lanes (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    connection TEXT COLLATE "C" NOT NULL,
    lane TEXT COLLATE "C" NOT NULL,
    pending BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    lease_until BIGINT,
    holder TEXT COLLATE "C",
    fence BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, connection, lane)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX lanes_next ON lanes (tenant, connection, next_at, lane);

CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    lane TEXT COLLATE "C" NOT NULL,
    effect TEXT COLLATE "C" NOT NULL,
    decision BIGINT NOT NULL,
    person BIGINT NOT NULL REFERENCES people (person),
    kind TEXT COLLATE "C" NOT NULL,
    with_owner BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL DEFAULT 'waiting',
    attempts BIGINT NOT NULL DEFAULT 0,
    at BIGINT NOT NULL,
    note TEXT,
    trouble TEXT COLLATE "C",
    UNIQUE (tenant, effect)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX outbox_decision ON outbox (tenant, decision);
CREATE INDEX outbox_waiting ON outbox (tenant, connection, lane, id) WHERE state = 'waiting';
CREATE INDEX outbox_owners ON outbox (tenant, connection, lane, id) WHERE state = 'waiting' AND kind = 'owner';
CREATE INDEX outbox_dead ON outbox (tenant, id) WHERE state = 'dead';
CREATE INDEX outbox_person ON outbox (person);
CREATE INDEX outbox_held ON outbox (tenant, decision) WHERE state = 'held';
CREATE INDEX outbox_causes ON outbox (tenant, connection, trouble, id) WHERE state = 'dead';
CREATE INDEX outbox_retried ON outbox (tenant, connection, trouble) WHERE state = 'waiting' AND trouble IS NOT NULL;

CREATE TABLE kept (
    digest TEXT COLLATE "C" PRIMARY KEY,
    bytes BIGINT NOT NULL
);

CREATE TABLE kept_pieces (
    digest TEXT COLLATE "C" NOT NULL,
    start BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (digest, start)
);

CREATE TABLE keepers (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    digest TEXT COLLATE "C" NOT NULL REFERENCES kept (digest),
    PRIMARY KEY (tenant, digest)
);

CREATE TABLE shared (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    digest TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (tenant, digest)
);

CREATE TABLE tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    tenant TEXT COLLATE "C" REFERENCES tenants (tenant),
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    made BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    expires BIGINT,
    used BIGINT,
    revoked BIGINT
);
CREATE INDEX tokens_tenant ON tokens (tenant, made);

CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT COLLATE "C",
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    thing TEXT NOT NULL,
    detail TEXT
);
CREATE INDEX audit_tenant ON audit (tenant, id);

CREATE TABLE plugins (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    digest TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    manifest TEXT NOT NULL,
    makeup TEXT NOT NULL,
    settings_schema TEXT,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    withdrawn BIGINT,
    PRIMARY KEY (tenant, digest)
);

CREATE TABLE revisions (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    note TEXT,
    source TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE TABLE secrets (
    tenant TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant),
    name TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- Small, and written every second or so.
CREATE TABLE hosts (
    host TEXT COLLATE "C" PRIMARY KEY,
    until BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

CREATE TABLE leases (
    tenant TEXT COLLATE "C" PRIMARY KEY REFERENCES tenants (tenant),
    host TEXT COLLATE "C" NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

-- Written every second by every host: few rows, on pages with room.
CREATE TABLE board (
    name TEXT COLLATE "C" PRIMARY KEY,
    body TEXT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

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

UPDATE rota_schema SET version = 1;
