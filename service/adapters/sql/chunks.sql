-- Chunks as workers see them; all run under the worker's rights.
--
-- Whoever has a chunk asks for it by its key and says `lease_until IS NOT NULL`, which is true of the running ones and of no
-- others. By `state = 'running'` the planner might look through the index of all that run, which is new at every claim and
-- full of what is no longer true, since it takes a batch that was only just begun for one of which nothing runs.

-- name: next_batches (read)
-- The $1 batches that are next: those of the tenant with the least in hand, then the highest priority, then the oldest.
SELECT batch.id, batch.tenant, batch.workload, batch.options, first.items
FROM batches AS batch
CROSS JOIN LATERAL (
    SELECT items FROM batch_chunks WHERE batch_id = batch.id AND state = 'pending' ORDER BY losses >= 2, number LIMIT 1
) AS first
LEFT JOIN (
    SELECT tenant, sum(items) AS items FROM batch_chunks WHERE state = 'running' GROUP BY tenant
) AS in_hand ON in_hand.tenant = batch.tenant
WHERE batch.state = 'running'
ORDER BY coalesce(in_hand.items, 0), batch.priority DESC, batch.id
LIMIT $1;

-- name: claim_chunks
-- Worker $3 takes the next $2 chunks of batch $1 that nobody else is about to take, for $4 seconds; of those that workers
-- were lost at only one, alone. None if the batch was paused since it was found. Materialized, since a join might ask for
-- the next ones again, for each row.
WITH next AS MATERIALIZED (
    SELECT number, losses >= 2 AS is_suspicious FROM batch_chunks
    WHERE batch_id = $1 AND state = 'pending'
        AND EXISTS (SELECT FROM batches WHERE id = $1 AND batches.state = 'running')
    ORDER BY losses >= 2, number
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), taken AS (
    SELECT number FROM (
        SELECT number, is_suspicious, row_number() OVER (ORDER BY is_suspicious, number) AS place FROM next
    ) AS placed
    WHERE NOT is_suspicious OR place = 1
)
UPDATE batch_chunks AS chunk
SET state = 'running', attempt = attempt + 1, begun = false, worker = $3,
    lease_until = clock_timestamp() + make_interval(secs => $4)
FROM taken
WHERE chunk.batch_id = $1 AND chunk.number = taken.number
RETURNING chunk.number, attempt, items, rows, losses, suspect, poisoned, repeats;

-- name: failed_lines (read)
-- The lines of batch $1 from $2 to $3 that failed.
SELECT line FROM batch_results WHERE batch_id = $1 AND line BETWEEN $2 AND $3 AND error IS NOT NULL;

-- name: extend_leases
-- The chunks $2 of batches $1 in attempts $3 are held for $4 more seconds, as far as they still are.
UPDATE batch_chunks AS chunk
SET lease_until = clock_timestamp() + make_interval(secs => $4)
FROM unnest($1::uuid[], $2::int[], $3::int[]) AS held (batch_id, number, attempt)
WHERE chunk.batch_id = held.batch_id AND chunk.number = held.number AND chunk.attempt = held.attempt
    AND chunk.lease_until IS NOT NULL
RETURNING chunk.batch_id, chunk.number, chunk.attempt;

-- name: begin_chunks
-- The chunks $2 of batches $1 in attempts $3 are begun: a worker that is lost from now on may be lost by them.
UPDATE batch_chunks AS chunk
SET begun = true
FROM unnest($1::uuid[], $2::int[], $3::int[]) AS held (batch_id, number, attempt)
WHERE chunk.batch_id = held.batch_id AND chunk.number = held.number AND chunk.attempt = held.attempt
    AND chunk.lease_until IS NOT NULL;

-- name: suspect_line
-- Attempt $3 at chunk $2 of batch $1 begins the row at line $4, and nothing beside it.
UPDATE batch_chunks
SET begun = true, suspected = CASE WHEN suspect = $4 THEN suspected ELSE 0 END, suspect = $4
WHERE batch_id = $1 AND number = $2 AND attempt = $3 AND lease_until IS NOT NULL;

-- name: complete_chunk
-- Attempt $3 at chunk $2 of batch $1 is done, and $4 of its rows failed; nobody else may complete it afterwards.
UPDATE batch_chunks
SET state = 'done', worker = NULL, lease_until = NULL, losses = 0, suspect = NULL, suspected = 0, repeats = false,
    succeeded = items - $4, failed = $4, finished_at = clock_timestamp()
WHERE batch_id = $1 AND number = $2 AND attempt = $3 AND lease_until IS NOT NULL;

-- name: drop_failures
-- Results at lines $2 of batch $1 that failed make room for new ones.
DELETE FROM batch_results WHERE batch_id = $1 AND line = ANY($2::bigint[]) AND error IS NOT NULL;

-- name: copy_results
-- Sent as COPY, into the partition of the batch's month.
COPY batch_results FROM STDIN;

-- name: give_back_chunks
-- The chunks $2 of batches $1 in attempts $3 are pending again, as far as they still are theirs; those of a batch that was
-- cancelled meanwhile are what they would be had nobody taken them. The batches are held, so that none is cancelled now.
WITH batch AS MATERIALIZED (
    SELECT id, state = 'cancelled' AS is_over FROM batches WHERE id = ANY($1::uuid[]) FOR SHARE
)
UPDATE batch_chunks AS chunk
SET state = CASE WHEN NOT is_over THEN 'pending' WHEN repeats THEN 'done' ELSE 'cancelled' END,
    failed = CASE WHEN is_over AND repeats THEN items - succeeded ELSE failed END,
    repeats = repeats AND NOT is_over,
    worker = NULL, lease_until = NULL
FROM unnest($1::uuid[], $2::int[], $3::int[]) AS held (batch_id, number, attempt)
JOIN batch ON batch.id = held.batch_id
WHERE chunk.batch_id = held.batch_id AND chunk.number = held.number AND chunk.attempt = held.attempt
    AND chunk.lease_until IS NOT NULL;

-- name: reclaim_chunks
-- What is past its lease is given back and, if it was begun, has lost a worker. A row that was begun alone at $1 such
-- losses is poisoned, and the chunk has lost $2 from then on. What somebody else is about to change is left for next time.
WITH lost AS MATERIALIZED (
    SELECT chunk.batch_id, number, batch.state = 'cancelled' AS is_over,
        begun AND suspect IS NOT NULL AND suspected + 1 >= $1 AS is_poisoned
    FROM batch_chunks AS chunk
    JOIN batches AS batch ON batch.id = chunk.batch_id
    WHERE chunk.state = 'running' AND lease_until < clock_timestamp()
    FOR UPDATE OF chunk SKIP LOCKED
    FOR SHARE OF batch SKIP LOCKED
)
UPDATE batch_chunks AS chunk
SET state = CASE WHEN NOT is_over THEN 'pending' WHEN repeats THEN 'done' ELSE 'cancelled' END,
    failed = CASE WHEN is_over AND repeats THEN items - succeeded ELSE failed END,
    repeats = repeats AND NOT is_over,
    worker = NULL, lease_until = NULL,
    losses = CASE WHEN is_poisoned THEN $2 ELSE losses + begun::int END,
    suspected = CASE WHEN is_poisoned OR suspect IS NULL THEN 0 ELSE suspected + begun::int END,
    poisoned = CASE WHEN is_poisoned THEN poisoned || suspect ELSE poisoned END,
    suspect = CASE WHEN is_poisoned THEN NULL ELSE suspect END
FROM lost
WHERE chunk.batch_id = lost.batch_id AND chunk.number = lost.number;

-- name: interrupt_uploads
-- Uploads of which nothing came for $1 seconds have broken off, and nobody was left to say so.
UPDATE batches SET state = 'interrupted' WHERE state = 'uploading' AND touched_at < now() - make_interval(secs => $1);

-- name: finished_batches (read)
-- Running batches of which nothing is left to do.
SELECT id FROM batches
WHERE state = 'running'
    AND NOT EXISTS (SELECT FROM batch_chunks WHERE batch_id = batches.id AND state = 'pending')
    AND NOT EXISTS (SELECT FROM batch_chunks WHERE batch_id = batches.id AND state = 'running');

-- name: hold_batches
-- Those of batches $1 that still run, held until the transaction ends; without those that somebody else holds.
SELECT id FROM batches WHERE id = ANY($1::uuid[]) AND state = 'running' FOR UPDATE SKIP LOCKED;

-- name: finish_batches
-- Batches $1, which are held, are completed if nothing is left to do of them. A statement of its own: it has to see what
-- was there when they were held, and not what was there before they were done again.
UPDATE batches SET state = 'completed', finished_at = now()
WHERE id = ANY($1::uuid[])
    AND NOT EXISTS (SELECT FROM batch_chunks WHERE batch_id = batches.id AND state = 'pending')
    AND NOT EXISTS (SELECT FROM batch_chunks WHERE batch_id = batches.id AND state = 'running');

-- name: look_ahead (read)
-- Whether a chunk waits, and in how many seconds the next lease ends; NULL when nothing is in hand.
SELECT
    EXISTS (
        SELECT FROM batches AS batch WHERE state = 'running'
            AND EXISTS (SELECT FROM batch_chunks WHERE batch_id = batch.id AND state = 'pending')
    ) AS is_waiting,
    (SELECT extract(epoch FROM min(lease_until) - clock_timestamp())::float8 FROM batch_chunks WHERE state = 'running')
        AS seconds;
