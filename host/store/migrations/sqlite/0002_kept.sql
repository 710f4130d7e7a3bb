-- The second schema: what decisions name is kept, so that they can be worked out again.
--
-- Nothing personal stands in these tables. From here on `log` also has entries of the kind
-- `counter`, an entry of the kind `decision` says which counters it changed, and large texts
-- in `log` and `private` can be in `shared`.

-- Components and tables that are here whole, under `sha256:` and the digest of their bytes,
-- once for all tenants. `bytes` is the length.
CREATE TABLE kept (
    digest TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The bytes of what is kept, in pieces that are written in commits of their own, so that
-- nobody waits for all of a large one. `start` is the place of a piece's first byte. Pieces
-- come before their row in `kept`; where a crash came between, the next attempt adds those
-- that are missing.
CREATE TABLE kept_pieces (
    digest TEXT NOT NULL,
    start INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (digest, start)
) STRICT;

-- Which tenant has kept what. A tenant reads nothing else.
CREATE TABLE keepers (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    digest TEXT NOT NULL REFERENCES kept (digest),
    PRIMARY KEY (tenant, digest)
) STRICT, WITHOUT ROWID;

-- Large texts that many decisions of a tenant have in common and that tell only about its
-- workspace: answers about pools and tables in transcripts, and who could have got a lead.
-- Nothing here is ever changed or removed.
CREATE TABLE shared (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    digest TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (tenant, digest)
) STRICT;

-- The counters of each flow, as the log leaves them.
CREATE TABLE counters (
    tenant TEXT NOT NULL REFERENCES tenants (tenant),
    flow TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (tenant, flow, name)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
