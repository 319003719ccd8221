-- Catalogues of products. Whoever changes one holds its row in catalogues until the end of the transaction, so revisions
-- appear in order: who has seen one has seen all before it. All but the last run under a tenant's rights.

-- name: catalogue_state (read)
-- How far the catalogue of tenant $1 is.
SELECT revision, products, purged, lenses_at, lenses_of FROM catalogues WHERE tenant = $1;

-- name: catalogue_lenses (read)
-- What was learned of the catalogue of tenant $1.
SELECT lenses FROM catalogues WHERE tenant = $1;

-- name: next_revision
-- Begin a change of the catalogue of tenant $1; its revision.
INSERT INTO catalogues AS kept (tenant, revision) VALUES ($1, 1)
ON CONFLICT (tenant) DO UPDATE SET revision = kept.revision + 1
RETURNING revision;

-- name: put_products
-- Have products with names $3, facts $4, vectors of pictures $5 and of texts $6 in the catalogue of tenant $1 with
-- revision $2; what is there exactly so keeps its own. How many products there are then, and how many were changed.
WITH before AS (
    SELECT count(*) AS products FROM products WHERE tenant = $1 AND id = ANY($3::text[]) AND removed_at IS NULL
),
put AS (
    INSERT INTO products AS kept (tenant, id, revision, facts, picture, text)
    SELECT $1, given.id, $2, given.facts::jsonb, given.picture, given.text
    FROM unnest($3::text[], $4::text[], $5::bytea[], $6::bytea[]) AS given (id, facts, picture, text)
    ON CONFLICT (tenant, id) DO UPDATE SET
        revision = excluded.revision, facts = excluded.facts, picture = excluded.picture, text = excluded.text,
        changed_at = now(), removed_at = NULL
    WHERE kept.removed_at IS NOT NULL
        OR (kept.facts, kept.picture, kept.text) IS DISTINCT FROM (excluded.facts, excluded.picture, excluded.text)
    RETURNING id
)
UPDATE catalogues SET products = catalogues.products + cardinality($3::text[]) - before.products
FROM before WHERE tenant = $1
RETURNING catalogues.products, (SELECT count(*) FROM put) AS changed;

-- name: remove_products
-- Take products with names $3 out of the catalogue of tenant $1 with revision $2; how many were there.
WITH removed AS (
    UPDATE products SET revision = $2, facts = NULL, picture = NULL, text = NULL, changed_at = now(), removed_at = now()
    WHERE tenant = $1 AND id = ANY($3::text[]) AND removed_at IS NULL
    RETURNING id
),
counted AS (SELECT count(*) AS products FROM removed)
UPDATE catalogues SET products = catalogues.products - counted.products FROM counted WHERE tenant = $1
RETURNING counted.products;

-- name: product_changes (read)
-- The $3 next changes after revision $2 of the catalogue of tenant $1, and what else was changed with the last one.
SELECT revision, id, facts::text, picture, text, removed_at IS NOT NULL AS is_removed FROM products
WHERE tenant = $1 AND revision > $2
ORDER BY revision FETCH FIRST $3 ROWS WITH TIES;

-- name: product_page (read)
-- As product_changes, of products that are there, and without their vectors.
SELECT revision, id, facts::text, NULL::bytea AS picture, NULL::bytea AS text, false AS is_removed FROM products
WHERE tenant = $1 AND revision > $2 AND removed_at IS NULL
ORDER BY revision FETCH FIRST $3 ROWS WITH TIES;

-- name: find_products (read)
-- The products with names $2 in the catalogue of tenant $1.
SELECT id, facts::text, picture, text FROM products
WHERE tenant = $1 AND id = ANY($2::text[]) AND removed_at IS NULL;

-- name: keep_lenses
-- Keep $2, learned of $3 products of the catalogue of tenant $1, as a change.
UPDATE catalogues SET revision = revision + 1, lenses = $2, lenses_of = $3, lenses_at = revision + 1 WHERE tenant = $1;

-- name: sweep_products
-- Forget at most $2 products that were removed more than $1 seconds ago; whoever follows and knows less reads all anew.
WITH old AS (
    SELECT tenant, id, revision FROM products
    WHERE removed_at < now() - make_interval(secs => $1)
    ORDER BY removed_at LIMIT $2
    FOR UPDATE SKIP LOCKED
),
noted AS (
    UPDATE catalogues SET purged = greatest(purged, latest.revision)
    FROM (SELECT tenant, max(revision) AS revision FROM old GROUP BY tenant) AS latest
    WHERE catalogues.tenant = latest.tenant
)
DELETE FROM products USING old WHERE products.tenant = old.tenant AND products.id = old.id;
