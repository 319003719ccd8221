-- Catalogues: the products of tenants, with what they look like and read like.
CREATE TABLE catalogues (
    tenant text PRIMARY KEY CHECK (tenant ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
    revision bigint NOT NULL,
    products bigint NOT NULL DEFAULT 0 CHECK (products >= 0),
    purged bigint NOT NULL DEFAULT 0,
    lenses bytea,
    lenses_at bigint NOT NULL DEFAULT 0,
    lenses_of bigint NOT NULL DEFAULT 0
)
-- Each change writes its row anew: room for that beside it, and no index to be written.
WITH (fillfactor = 50);

CREATE TABLE products (
    tenant text NOT NULL,
    id text NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
    revision bigint NOT NULL,
    facts jsonb,
    picture bytea CHECK (length(picture) = 1024),
    text bytea CHECK (length(text) = 768),
    changed_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (tenant, id)
);
-- Whoever follows a catalogue reads all vectors: they stay in their row, and are not tried to be compressed in vain.
ALTER TABLE products ALTER COLUMN picture SET STORAGE PLAIN, ALTER COLUMN text SET STORAGE PLAIN;

CREATE INDEX products_changes ON products (tenant, revision);
CREATE INDEX products_removed ON products (removed_at) WHERE removed_at IS NOT NULL;

ALTER TABLE catalogues ENABLE ROW LEVEL SECURITY;
ALTER TABLE catalogues FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON catalogues TO loadstone_tenant
    USING (tenant = (SELECT current_setting('loadstone.tenant', true)))
    WITH CHECK (tenant = (SELECT current_setting('loadstone.tenant', true)));
CREATE POLICY all_rows ON catalogues TO loadstone_worker USING (true);

ALTER TABLE products ENABLE ROW LEVEL SECURITY;
ALTER TABLE products FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON products TO loadstone_tenant
    USING (tenant = (SELECT current_setting('loadstone.tenant', true)))
    WITH CHECK (tenant = (SELECT current_setting('loadstone.tenant', true)));
CREATE POLICY all_rows ON products TO loadstone_worker USING (true);

GRANT SELECT, INSERT, UPDATE ON catalogues, products TO loadstone_tenant;
GRANT SELECT, UPDATE ON catalogues TO loadstone_worker;
GRANT SELECT, UPDATE, DELETE ON products TO loadstone_worker;
