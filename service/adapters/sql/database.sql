-- Transactions, and what the database tells of itself.

-- name: ping (read)
-- Whether the server answers.
SELECT 1;

-- name: begin
-- Opens a transaction.
BEGIN;

-- name: become_tenant
-- Gives the open transaction tenant $1's rights, and no sight of anybody else's rows, until it ends.
-- Sent in one message with the query before, which takes no parameters: the name is put in as a literal.
SELECT set_config('role', 'loadstone_tenant', true), set_config('loadstone.tenant', $1, true);

-- name: commit
-- Makes what the transaction did lasting.
COMMIT;

-- name: roll_back
-- Undoes what the transaction did.
ROLLBACK;

-- name: find_statistics (read)
-- The server's version, and where and as which version it keeps statistics of statements, NULL where it does not.
-- Column ``is_timed`` says whether they have the columns that we read, which came with version 1.8.
SELECT
    current_setting('server_version') AS server_version,
    to_regclass('pg_stat_statements')::text AS relation,
    (SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements') AS version,
    EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('pg_stat_statements') AND attname = 'total_exec_time'
    ) AS is_timed;

-- name: read_statistics (read)
-- What the server measured of the statements of this database that carry the mark of a named query.
SELECT
    substring(query FROM '/\* loadstone\.([a-z0-9_]+) \*/') AS name,
    sum(calls)::bigint AS calls,
    sum(total_exec_time)::float8 AS total_ms,
    max(max_exec_time)::float8 AS longest_ms,
    sum(rows)::bigint AS rows,
    sum(shared_blks_hit)::bigint AS cached_blocks,
    sum(shared_blks_read)::bigint AS read_blocks
FROM pg_stat_statements
WHERE query ~ '/\* loadstone\.[a-z0-9_]+ \*/'
    AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY 1
ORDER BY 3 DESC;
