-- The way of a job: submitted, claimed by an attempt, finished by the same attempt. The first two queries run under a
-- tenant's rights, the others under the worker's.

-- name: submit_job
-- Keep job $1 of tenant $2 for workload $3 with request $4, and tell the queue. One statement, so both or neither:
-- there is never a job without its entry in the queue, nor an entry without its job.
WITH job AS (
    INSERT INTO jobs (id, tenant, workload, request) VALUES ($1, $2, $3, $4)
    RETURNING id, created_at
), entry AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, status)
    SELECT 0, 'analyse', convert_to(id::text, 'UTF8'), id::text, 'queued' FROM job
)
SELECT extract(epoch FROM created_at)::float8 AS created_at FROM job;

-- name: find_job (read)
-- Job $1 as its tenant may see it: what went wrong in an attempt is shown only once the job has failed.
SELECT
    id::text AS id,
    workload,
    state,
    attempts,
    extract(epoch FROM created_at)::float8 AS created_at,
    extract(epoch FROM finished_at)::float8 AS finished_at,
    answer,
    CASE WHEN state = 'failed' THEN error END AS error
FROM jobs
WHERE id = $1;

-- name: claim_job
-- Begin a new attempt at job $1, unless it is finished or has had $2 attempts.
UPDATE jobs
SET state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now())
WHERE id = $1 AND state IN ('queued', 'running') AND attempts < $2
RETURNING tenant, workload, request, attempts;

-- name: complete_job
-- Store answer $3 of job $1; only attempt $2 may, and only once.
UPDATE jobs
SET state = 'succeeded', answer = $3, error = NULL, finished_at = now()
WHERE id = $1 AND state = 'running' AND attempts = $2;

-- name: fail_job
-- End job $1 with reason $3; only attempt $2 may, and only once.
UPDATE jobs
SET state = 'failed', error = $3, finished_at = now()
WHERE id = $1 AND state = 'running' AND attempts = $2;

-- name: note_failure
-- Attempt $2 at job $1 went wrong by reason $3, and another one will follow.
UPDATE jobs
SET error = $3
WHERE id = $1 AND state = 'running' AND attempts = $2;

-- name: give_up_job
-- End job $1 if it has had all its $2 attempts; without a noted reason, reason $3.
UPDATE jobs
SET state = 'failed', error = coalesce(error, $3), finished_at = now()
WHERE id = $1 AND state = 'running' AND attempts >= $2;

-- name: requeue_stranded
-- Give every unfinished job older than $1 seconds that the queue has lost a new entry in the queue.
-- An entry is lost when its worker could neither finish it nor hand it back, as when the database went away.
INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, status)
SELECT 0, 'analyse', convert_to(jobs.id::text, 'UTF8'), jobs.id::text, 'queued'
FROM jobs
WHERE jobs.state IN ('queued', 'running')
    AND jobs.created_at < now() - make_interval(secs => $1)
    AND NOT EXISTS (
        SELECT FROM pgqueuer
        WHERE pgqueuer.dedupe_key = jobs.id::text AND pgqueuer.status IN ('queued', 'picked')
    )
ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING;

-- name: forget_held
-- Drop the queue's held entries: the job itself keeps what went wrong, and a lost one gets a new entry.
DELETE FROM pgqueuer WHERE status = 'failed' AND entrypoint = 'analyse';

-- name: forget_log
-- Drop the queue's own log of what is older than $1 seconds.
DELETE FROM pgqueuer_log WHERE created < now() - make_interval(secs => $1);
