-- Files that analyses make; all but the last run under a tenant's rights.

-- name: keep_keepsakes
-- Keep files $2 of media types $3 and contents $4 for tenant $1; those that are there stay for as long again.
INSERT INTO keepsakes (tenant, id, media_type, content)
SELECT DISTINCT ON (id) $1, id, media_type, content
FROM unnest($2::text[], $3::text[], $4::bytea[]) AS keepsake (id, media_type, content)
ORDER BY id
ON CONFLICT (tenant, id) DO UPDATE SET kept_at = now() WHERE keepsakes.kept_at < now() - interval '1 hour';

-- name: find_keepsake (read)
-- The file $1.
SELECT media_type, content FROM keepsakes WHERE id = $1;

-- name: sweep_keepsakes
-- Forget at most $2 files that were kept more than $1 seconds ago.
DELETE FROM keepsakes WHERE (tenant, id) IN (
    SELECT tenant, id FROM keepsakes WHERE kept_at < now() - make_interval(secs => $1) ORDER BY kept_at LIMIT $2
);
