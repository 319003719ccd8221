-- Pictures that tenants sent; all but the last run under a tenant's rights.

-- name: plan_once
-- Have the statements of this transaction planned without looking at what their thousands of values are.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true);

-- name: find_near_images (read)
-- The $7 pictures nearest to picture $1, that is not among them: those whose fine hash differs from $2 in at most $4 bits,
-- or in at most $5 while the coarse one differs from $3 in at most $6. $8 to $21 are the values to look up in the bands.
SELECT sha256, url, bit_count(fine # $2)::integer AS distance
FROM known_images
WHERE (
    band_1 = ANY($8::bigint[])
    OR band_2 = ANY($9::bigint[])
    OR band_3 = ANY($10::bigint[])
    OR band_4 = ANY($11::bigint[])
    OR band_5 = ANY($12::bigint[])
    OR band_6 = ANY($13::bigint[])
    OR band_7 = ANY($14::bigint[])
    OR band_8 = ANY($15::bigint[])
    OR band_9 = ANY($16::bigint[])
    OR band_10 = ANY($17::bigint[])
    OR band_11 = ANY($18::bigint[])
    OR band_12 = ANY($19::bigint[])
    OR band_13 = ANY($20::bigint[])
    OR band_14 = ANY($21::bigint[])
)
    AND (
        bit_count(fine # $2) <= $4
        OR bit_count(fine # $2) <= $5 AND bit_count(coarse # $3) <= $6
    )
    AND sha256 <> $1
ORDER BY distance, sha256
LIMIT $7;

-- name: remember_image
-- Have picture $2 known to tenant $1, fetched from $3, with hashes $4 and $5 and bands $6. One that is known already is
-- written again once a day, or when it was fetched from elsewhere.
INSERT INTO known_images (
    tenant, sha256, url, fine, coarse,
    band_1, band_2, band_3, band_4, band_5, band_6, band_7, band_8, band_9, band_10, band_11, band_12, band_13, band_14
)
VALUES (
    $1, $2, $3, $4, $5,
    ($6::bigint[])[1], ($6::bigint[])[2], ($6::bigint[])[3], ($6::bigint[])[4], ($6::bigint[])[5], ($6::bigint[])[6], ($6::bigint[])[7],
    ($6::bigint[])[8], ($6::bigint[])[9], ($6::bigint[])[10], ($6::bigint[])[11], ($6::bigint[])[12], ($6::bigint[])[13], ($6::bigint[])[14]
)
ON CONFLICT (tenant, sha256) DO UPDATE SET met_at = now(), url = coalesce(excluded.url, known_images.url)
WHERE known_images.met_at < now() - interval '1 day'
    OR excluded.url IS NOT NULL AND excluded.url IS DISTINCT FROM known_images.url;

-- name: forget_image
-- Forget picture $1.
DELETE FROM known_images WHERE sha256 = $1;

-- name: sweep_known_images
-- Forget at most $2 pictures that were last sent more than $1 seconds ago.
DELETE FROM known_images WHERE (tenant, sha256) IN (
    SELECT tenant, sha256 FROM known_images WHERE met_at < now() - make_interval(secs => $1) LIMIT $2
);
