-- Jobs: requests that are answered later. This table is the truth; the queue only says when to look.
-- An answer is written once, by the attempt that is counted here, so that a job delivered twice has one effect.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    workload text NOT NULL,
    request bytea NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    answer bytea,
    error text,
    CHECK ((state = 'succeeded') = (answer IS NOT NULL)),
    CHECK ((state IN ('succeeded', 'failed')) = (finished_at IS NOT NULL)),
    CHECK (state <> 'failed' OR error IS NOT NULL)
);

-- What is still to be done, oldest first: for the search for jobs that the queue has lost.
CREATE INDEX jobs_unfinished ON jobs (created_at) WHERE state IN ('queued', 'running');
