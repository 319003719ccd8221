-- The record of what was applied to a database.

-- name: lock
-- Waits until no other starter migrates; $1 is the key. Held to the end of the transaction.
SELECT pg_advisory_xact_lock($1);

-- name: create_record
-- The table of applied migrations.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: applied_checksum (read)
-- The checksum that migration $1 had when it was applied; no row when it was not.
SELECT checksum FROM schema_migrations WHERE name = $1;

-- name: record
-- Migration $1 with checksum $2 is applied.
INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2);
