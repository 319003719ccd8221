-- The cache's tier in PostgreSQL. Rows are locked in the order of their keys, or passed over when somebody else has
-- them, so that no two statements ever wait for one another.

-- name: find_cached (read)
-- The entries of keys $1 that are not over.
SELECT key, value FROM cache_entries WHERE key = ANY($1::text[]) AND expires_at > now();

-- name: keep_cached
-- Keep values $2 under keys $1, each for its seconds in $3.
INSERT INTO cache_entries (key, value, expires_at)
SELECT key, value, now() + make_interval(secs => seconds)
FROM unnest($1::text[], $2::bytea[], $3::float8[]) AS fresh (key, value, seconds)
ORDER BY key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at;

-- name: drop_cached
-- Forget keys $1; how many there were.
WITH meant AS (
    SELECT key FROM cache_entries WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE
), dropped AS (
    DELETE FROM cache_entries USING meant WHERE cache_entries.key = meant.key RETURNING 1
)
SELECT count(*) FROM dropped;

-- name: drop_cached_matching
-- Forget $3 keys, at most, that are like $1 and not below $2; how many those were, and the last of them.
WITH meant AS (
    SELECT key FROM cache_entries WHERE key LIKE $1 AND key >= $2 ORDER BY key LIMIT $3 FOR UPDATE
), dropped AS (
    DELETE FROM cache_entries USING meant WHERE cache_entries.key = meant.key RETURNING cache_entries.key
)
SELECT count(*) AS entries, max(key) AS last FROM dropped;

-- name: count_cached_uses
-- Add $2 to the uses of keys $1; those that somebody else has locked go without.
WITH used AS (
    SELECT entry.key, fresh.uses
    FROM unnest($1::text[], $2::bigint[]) AS fresh (key, uses)
    JOIN cache_entries AS entry ON entry.key = fresh.key
    ORDER BY entry.key
    FOR NO KEY UPDATE OF entry SKIP LOCKED
)
UPDATE cache_entries SET uses = cache_entries.uses + used.uses FROM used WHERE cache_entries.key = used.key;

-- name: find_most_used (read)
-- The $2 most used entries, at most, whose keys begin with $1, as far as their values together take $3 bytes.
SELECT key, value
FROM (
    SELECT key, value, uses, sum(length(value)) OVER (ORDER BY uses DESC, key) AS size
    FROM (
        SELECT key, value, uses
        FROM cache_entries
        WHERE key ^@ $1 AND expires_at > now() AND uses > 0
        ORDER BY uses DESC, key
        LIMIT $2
    ) AS frequent
) AS measured
WHERE size <= $3
ORDER BY uses DESC, key;

-- name: sweep_cached
-- Forget $1 entries, at most, that are over; how many those were. A row that moves meanwhile is left for the next time.
WITH over AS (
    SELECT ctid FROM cache_entries WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
), dropped AS (
    DELETE FROM cache_entries USING over WHERE cache_entries.ctid = over.ctid RETURNING 1
)
SELECT count(*) FROM dropped;

-- name: trim_cached
-- Forget $2 entries, at most, of those beyond the number $1, the soonest over first; how many those were.
WITH surplus AS (
    SELECT ctid
    FROM cache_entries
    ORDER BY expires_at
    LIMIT least($2, greatest(0, (SELECT count(*) FROM cache_entries) - $1))
    FOR UPDATE SKIP LOCKED
), dropped AS (
    DELETE FROM cache_entries USING surplus WHERE cache_entries.ctid = surplus.ctid RETURNING 1
)
SELECT count(*) FROM dropped;
