-- The third schema: several tenants share a server that other programs call.

-- What a tenant's plan is called, where rota.toml says nothing, and when it was made; a
-- suspended tenant takes nothing in.
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

-- Components that tenants uploaded; their bytes are in `kept`. `manifest` is JSON. A
-- withdrawn one is used by no workspace from then on, and still replays.
CREATE TABLE plugins (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    withdrawn INTEGER,
    PRIMARY KEY (tenant, digest)
) STRICT, WITHOUT ROWID;

-- What a workspace revision was made from: who applied it, why, and the digest under which
-- its files are kept. `seq` is the number of its entry in the log.
CREATE TABLE revisions (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    note TEXT,
    source TEXT,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

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

PRAGMA user_version = 3;
