-- Pictures that tenants asked to be known by: what each looks like, so that near ones are found again.
--
-- A value of a band holds the tenant in its upper half, so that one index serves all tenants and keeps each one's together.
-- They are columns rather than an array, and looked up by =, because row-level security lets an index be asked by nothing
-- else: other operators might tell of rows that are not the tenant's.
CREATE TABLE known_images (
    tenant text NOT NULL CHECK (tenant ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    url text,
    fine bit(256) NOT NULL,
    coarse bit(64) NOT NULL,
    met_at timestamptz NOT NULL DEFAULT now(),
    band_1 bigint NOT NULL,
    band_2 bigint NOT NULL,
    band_3 bigint NOT NULL,
    band_4 bigint NOT NULL,
    band_5 bigint NOT NULL,
    band_6 bigint NOT NULL,
    band_7 bigint NOT NULL,
    band_8 bigint NOT NULL,
    band_9 bigint NOT NULL,
    band_10 bigint NOT NULL,
    band_11 bigint NOT NULL,
    band_12 bigint NOT NULL,
    band_13 bigint NOT NULL,
    band_14 bigint NOT NULL,
    PRIMARY KEY (tenant, sha256)
)
-- Room in each page, so that noting that one was sent again writes no index.
WITH (fillfactor = 95);

CREATE INDEX known_images_band_1 ON known_images (band_1);
CREATE INDEX known_images_band_2 ON known_images (band_2);
CREATE INDEX known_images_band_3 ON known_images (band_3);
CREATE INDEX known_images_band_4 ON known_images (band_4);
CREATE INDEX known_images_band_5 ON known_images (band_5);
CREATE INDEX known_images_band_6 ON known_images (band_6);
CREATE INDEX known_images_band_7 ON known_images (band_7);
CREATE INDEX known_images_band_8 ON known_images (band_8);
CREATE INDEX known_images_band_9 ON known_images (band_9);
CREATE INDEX known_images_band_10 ON known_images (band_10);
CREATE INDEX known_images_band_11 ON known_images (band_11);
CREATE INDEX known_images_band_12 ON known_images (band_12);
CREATE INDEX known_images_band_13 ON known_images (band_13);
CREATE INDEX known_images_band_14 ON known_images (band_14);

-- What is over: rows lie in the order of their time, by and large.
CREATE INDEX known_images_age ON known_images USING brin (met_at);

ALTER TABLE known_images ENABLE ROW LEVEL SECURITY;
ALTER TABLE known_images FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON known_images TO loadstone_tenant
    USING (tenant = (SELECT current_setting('loadstone.tenant', true)))
    WITH CHECK (tenant = (SELECT current_setting('loadstone.tenant', true)));
CREATE POLICY all_rows ON known_images TO loadstone_worker USING (true);

GRANT SELECT, INSERT, DELETE, UPDATE (url, met_at) ON known_images TO loadstone_tenant;
GRANT SELECT, DELETE ON known_images TO loadstone_worker;
