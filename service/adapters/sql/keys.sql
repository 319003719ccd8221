-- API keys: looked up by their public part, and what an administrator does with them.

-- name: find_key (read)
-- What must be known of key $1 to check it.
SELECT
    id,
    digest,
    sealed_by,
    tenant,
    role,
    revoked_at IS NOT NULL AS is_revoked,
    extract(epoch FROM expires_at - now())::float8 AS expires_in,
    rate_requests,
    rate_window,
    rate_burst
FROM api_keys
WHERE id = $1;

-- name: note_key_uses
-- Keys $1 were last used $2 seconds ago; what is known to be later stays.
UPDATE api_keys
SET last_used_at = greatest(last_used_at, now() - make_interval(secs => used.age))
FROM unnest($1::text[], $2::float8[]) AS used (id, age)
WHERE api_keys.id = used.id;

-- name: reseal_key
-- Keep key $1 as digest $3 under secret $4, unless it is no longer kept as digest $2.
UPDATE api_keys SET digest = $3, sealed_by = $4 WHERE id = $1 AND digest = $2;

-- name: create_key
-- Keep key $1 as digest $2 under secret $3: tenant $4, role $5, name $6, for $7 seconds or without end,
-- with $8 requests in $9 seconds and $10 at once, or with the service's own rate.
INSERT INTO api_keys (
    id, digest, sealed_by, tenant, role, name, expires_at, rate_requests, rate_window, rate_burst
)
VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7::float8), $8, $9, $10)
RETURNING
    id,
    tenant,
    role,
    name,
    sealed_by,
    extract(epoch FROM created_at)::float8 AS created_at,
    extract(epoch FROM expires_at)::float8 AS expires_at,
    rate_requests,
    rate_window,
    rate_burst;

-- name: list_keys (read)
-- All keys, the newest last.
SELECT
    id,
    tenant,
    role,
    name,
    sealed_by,
    CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' ELSE 'good' END AS state,
    extract(epoch FROM created_at)::float8 AS created_at,
    extract(epoch FROM expires_at)::float8 AS expires_at,
    extract(epoch FROM revoked_at)::float8 AS revoked_at,
    extract(epoch FROM last_used_at)::float8 AS last_used_at,
    rate_requests,
    rate_window,
    rate_burst
FROM api_keys
ORDER BY created_at, id;

-- name: revoke_key
-- End key $1 for good; its name and tenant, no row when there is no such key.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING name, tenant;
