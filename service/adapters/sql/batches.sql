-- Batches as their tenants see them; all run under a tenant's rights.

-- name: create_batch
-- Batch $1 of tenant $2, named $3, for workload $4, with auto start $5, priority $6 and options $7.
INSERT INTO batches (id, tenant, name, workload, auto_start, priority, options) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: grow_batch
-- Batch $1 has $2 more rows, $3 more refused lines and $4 more chunks, while it is uploaded; the number of the next chunk.
UPDATE batches SET items = items + $2, refused = refused + $3, chunks = chunks + $4, touched_at = now()
WHERE id = $1 AND state = 'uploading'
RETURNING chunks - $4 AS first, refused - $3 AS refused_before;

-- name: add_chunks
-- Chunks of batch $1 of tenant $2 from number $3 on: their sizes $4 and packed rows $5.
INSERT INTO batch_chunks (batch_id, number, tenant, items, rows)
SELECT $1, $3 + position - 1, $2, items, rows
FROM unnest($4::int[], $5::bytea[]) WITH ORDINALITY AS chunk (items, rows, position);

-- name: add_refusals
-- Lines $3 of batch $1 of tenant $2, which were refused by reasons $4.
INSERT INTO batch_refusals (batch_id, line, tenant, reason)
SELECT $1, line, $2, reason FROM unnest($3::bigint[], $4::text[]) AS refusal (line, reason);

-- name: lock_batch
-- The state of batch $1, which nobody else changes until the transaction ends, and whether it starts by itself.
SELECT state, auto_start FROM batches WHERE id = $1 FOR UPDATE;

-- name: move_batch
-- Batch $1 is in state $2 from now on.
UPDATE batches SET
    state = $2,
    started_at = CASE WHEN $2 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
    finished_at = CASE WHEN $2 = 'cancelled' THEN now() END
WHERE id = $1;

-- name: cancel_chunks
-- What is pending of batch $1 is never begun; rows that were to be done again have failed, as their results say.
UPDATE batch_chunks
SET state = CASE WHEN repeats THEN 'done' ELSE 'cancelled' END,
    failed = CASE WHEN repeats THEN items - succeeded ELSE failed END,
    repeats = false
WHERE batch_id = $1 AND state = 'pending';

-- name: repeat_failed
-- The failed rows of batch $1 are pending again.
UPDATE batch_chunks
SET state = 'pending', repeats = true, failed = 0, losses = 0, suspect = NULL, suspected = 0, poisoned = '{}',
    finished_at = NULL
WHERE batch_id = $1 AND state = 'done' AND failed > 0;

-- name: ring
-- Wake workers: at most $1 turns at chunks wait at a time. A turn is nobody's chunk; whoever takes it takes what is next.
INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, status)
SELECT -1, 'chunk', NULL, 'chunk-turn-' || turn, 'queued' FROM generate_series(1, $1) AS turn
ON CONFLICT DO NOTHING;

-- name: find_batch (read)
-- Batch $1 with its progress; the rate is that of the last half minute.
SELECT
    batch.id::text AS id, name, workload, batch.state, priority, auto_start, options, batch.items, refused, chunks,
    extract(epoch FROM created_at)::float8 AS created_at,
    extract(epoch FROM started_at)::float8 AS started_at,
    extract(epoch FROM batch.finished_at)::float8 AS finished_at,
    progress.*
FROM batches AS batch
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE chunk.state = 'done') AS done_chunks,
        count(*) FILTER (WHERE chunk.state = 'running') AS running_chunks,
        coalesce(sum(succeeded), 0)::bigint AS succeeded,
        coalesce(sum(failed), 0)::bigint AS failed,
        (sum(chunk.items) FILTER (WHERE chunk.finished_at > now() - interval '30 s')
            / least(30, greatest(1, extract(epoch FROM now() - batch.started_at))))::float8 AS rate
    FROM batch_chunks AS chunk
    WHERE batch_id = $1
) AS progress
WHERE batch.id = $1;

-- name: list_batches (read)
-- The identifiers of the $3 newest batches before $1, of state $2 if it is given.
SELECT id FROM batches
WHERE id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND ($2::text IS NULL OR state = $2)
ORDER BY id DESC
LIMIT $3;

-- name: results_after (read)
-- The next $3 results of batch $1 behind line $2.
SELECT line, subject, id, result, error, reason, attempts, seconds::float8 AS seconds
FROM batch_results
WHERE batch_id = $1 AND line > $2
ORDER BY line
LIMIT $3;

-- name: successes_after (read)
-- The next $3 results of batch $1 behind line $2 that did not fail.
SELECT line, subject, id, result, error, reason, attempts, seconds::float8 AS seconds
FROM batch_results
WHERE batch_id = $1 AND line > $2 AND error IS NULL
ORDER BY line
LIMIT $3;

-- name: failures_after (read)
-- The next $3 failed results of batch $1 behind line $2, of the class $4 if it is given.
SELECT line, subject, id, result, error, reason, attempts, seconds::float8 AS seconds
FROM batch_results
WHERE batch_id = $1 AND line > $2 AND error IS NOT NULL AND ($4::text IS NULL OR error = $4)
ORDER BY line
LIMIT $3;

-- name: count_errors (read)
-- How many rows of batch $1 failed, by class.
SELECT error, count(*) AS rows FROM batch_results
WHERE batch_id = $1 AND error IS NOT NULL
GROUP BY error
ORDER BY 2 DESC, 1;

-- name: find_refusals (read)
-- The refused lines of batch $1.
SELECT line, reason FROM batch_refusals WHERE batch_id = $1 ORDER BY line;

-- name: delete_batch
-- Batch $1 is gone.
DELETE FROM batches WHERE id = $1;

-- name: delete_chunks
-- And its rows.
DELETE FROM batch_chunks WHERE batch_id = $1;

-- name: delete_refusals
-- And what was refused of it.
DELETE FROM batch_refusals WHERE batch_id = $1;

-- name: leave_remains
-- The results of batch $1 of tenant $2 are swept away later, as they may be millions.
INSERT INTO batch_remains (batch_id, tenant) VALUES ($1, $2);
