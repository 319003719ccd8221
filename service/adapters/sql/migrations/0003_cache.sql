-- The farthest tier of the cache: outcomes that outlive Valkey and every process.
-- Unlogged, because losing all of it loses nothing: a crash of the server empties it.
CREATE UNLOGGED TABLE cache_entries (
    key text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    uses bigint NOT NULL DEFAULT 0
)
-- Room in each page, so that counting uses writes no index.
WITH (fillfactor = 85);

-- The values are compressed already where it pays.
ALTER TABLE cache_entries ALTER COLUMN value SET STORAGE EXTERNAL;

-- What is over, oldest first.
CREATE INDEX cache_entries_expiry ON cache_entries (expires_at);
