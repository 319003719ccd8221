-- The months of batches.

-- name: make_partitions
-- Make the partitions of the months up to $1 from now; how many were missing.
SELECT loadstone_make_partitions($1);

-- name: drop_partitions
-- Drop the partitions of months that ended more than $1 seconds ago and have nothing at work; how many.
SELECT loadstone_drop_partitions(make_interval(secs => $1));

-- name: sweep_remains
-- Remove at most $1 results of batches that were deleted.
DELETE FROM batch_results
WHERE (batch_id, line) IN (
    SELECT batch_results.batch_id, line FROM batch_remains JOIN batch_results USING (batch_id) LIMIT $1
);

-- name: forget_remains
-- Forget the deleted batches of which nothing is left.
DELETE FROM batch_remains WHERE NOT EXISTS (SELECT FROM batch_results WHERE batch_results.batch_id = batch_remains.batch_id);
