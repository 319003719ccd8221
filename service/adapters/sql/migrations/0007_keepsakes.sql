-- What analyses make beside their outcomes, such as thumbnails: the tenant's, by the name of their content.
CREATE TABLE keepsakes (
    tenant text NOT NULL CHECK (tenant ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
    id text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, id)
);

-- The files are compressed already.
ALTER TABLE keepsakes ALTER COLUMN content SET STORAGE EXTERNAL;

-- What is over, oldest first.
CREATE INDEX keepsakes_age ON keepsakes (kept_at);

ALTER TABLE keepsakes ENABLE ROW LEVEL SECURITY;
ALTER TABLE keepsakes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON keepsakes TO loadstone_tenant
    USING (tenant = (SELECT current_setting('loadstone.tenant', true)))
    WITH CHECK (tenant = (SELECT current_setting('loadstone.tenant', true)));
CREATE POLICY all_rows ON keepsakes TO loadstone_worker USING (true);

GRANT SELECT, INSERT (tenant, id, media_type, content), UPDATE (kept_at) ON keepsakes TO loadstone_tenant;
GRANT SELECT, DELETE ON keepsakes TO loadstone_worker;
