-- Batches: what each is, its rows in chunks, the results, and the lines that were no rows.
--
-- Identifiers are version 7 UUIDs, which begin with their time, so a month is a range of them: every table is partitioned
-- by the batch's identifier, whatever asks for one batch reads one partition, and a month is forgotten by dropping four
-- tables. There are no foreign keys: rows go together with their batch, or with their month.

CREATE TABLE batches (
    id uuid PRIMARY KEY,
    tenant text NOT NULL CHECK (tenant ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    workload text NOT NULL,
    state text NOT NULL DEFAULT 'uploading' CHECK (
        state IN ('uploading', 'interrupted', 'ready', 'running', 'paused', 'completed', 'cancelled')
    ),
    auto_start boolean NOT NULL,
    priority smallint NOT NULL CHECK (priority BETWEEN -10 AND 10),
    options bytea NOT NULL,
    items bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    chunks integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When rows of it last arrived.
    touched_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    CHECK ((state IN ('completed', 'cancelled')) = (finished_at IS NOT NULL))
) PARTITION BY RANGE (id);

-- A tenant's batches, the newest first.
CREATE INDEX batches_newest ON batches (tenant, id DESC);
-- Those that workers may take chunks of.
CREATE INDEX batches_running ON batches (priority DESC, id) WHERE state = 'running';
-- Those that arrive; without the time of their last rows, which changes all the while.
CREATE INDEX batches_uploading ON batches (id) WHERE state = 'uploading';

-- The rows are packed, some hundred in one value: what was taken in by the million is written and read by the thousand.
CREATE TABLE batch_chunks (
    batch_id uuid NOT NULL,
    number integer NOT NULL,
    tenant text NOT NULL,
    items integer NOT NULL CHECK (items > 0),
    rows bytea NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'cancelled')),
    attempt integer NOT NULL DEFAULT 0,
    -- The attempt began one of its rows. Workers that were lost then, and the row that one of them had begun alone, with
    -- how often that happened.
    begun boolean NOT NULL DEFAULT false,
    losses integer NOT NULL DEFAULT 0,
    suspect bigint,
    suspected integer NOT NULL DEFAULT 0,
    poisoned bigint[] NOT NULL DEFAULT '{}',
    -- Only its failed rows are to be done, again.
    repeats boolean NOT NULL DEFAULT false,
    worker text,
    lease_until timestamptz,
    succeeded integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    finished_at timestamptz,
    PRIMARY KEY (batch_id, number),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK (state <> 'done' OR succeeded + failed = items)
) PARTITION BY RANGE (batch_id);

-- The values are compressed already.
ALTER TABLE batch_chunks ALTER COLUMN rows SET STORAGE EXTERNAL;

-- What is next, in order; what two workers were lost at comes last, as its rows are done one by one.
CREATE INDEX batch_chunks_pending ON batch_chunks (batch_id, (losses >= 2), number) WHERE state = 'pending';
-- What is in hand: by the end of its lease, and with what its tenant's share is found by.
CREATE INDEX batch_chunks_running ON batch_chunks (lease_until) INCLUDE (batch_id, tenant, items) WHERE state = 'running';

CREATE TABLE batch_results (
    batch_id uuid NOT NULL,
    line bigint NOT NULL,
    tenant text NOT NULL,
    subject text NOT NULL,
    id text,
    result bytea,
    error text,
    reason text,
    attempts smallint NOT NULL,
    seconds real NOT NULL,
    PRIMARY KEY (batch_id, line),
    CHECK ((result IS NULL) = (error IS NOT NULL))
) PARTITION BY RANGE (batch_id);

-- The failed rows by line, and how many there are of each kind.
CREATE INDEX batch_results_failed ON batch_results (batch_id, line) INCLUDE (error, tenant) WHERE error IS NOT NULL;

CREATE TABLE batch_refusals (
    batch_id uuid NOT NULL,
    line bigint NOT NULL,
    tenant text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (batch_id, line)
) PARTITION BY RANGE (batch_id);

-- Deleted batches some of whose results are still to be swept away, and are seen by nobody.
CREATE TABLE batch_remains (batch_id uuid PRIMARY KEY, tenant text NOT NULL);

DO $$
DECLARE
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['batches', 'batch_chunks', 'batch_results', 'batch_refusals', 'batch_remains'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', parent);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', parent);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I TO loadstone_tenant '
            'USING (tenant = (SELECT current_setting(''loadstone.tenant'', true))) '
            'WITH CHECK (tenant = (SELECT current_setting(''loadstone.tenant'', true)))', parent
        );
        EXECUTE format('CREATE POLICY all_rows ON %I TO loadstone_worker USING (true) WITH CHECK (true)', parent);
    END LOOP;
END
$$;

GRANT SELECT, DELETE, INSERT (id, tenant, name, workload, auto_start, priority, options),
    UPDATE (state, items, refused, chunks, touched_at, started_at, finished_at) ON batches TO loadstone_tenant;
GRANT SELECT, DELETE, INSERT (batch_id, number, tenant, items, rows),
    UPDATE (state, losses, suspect, suspected, poisoned, repeats, failed, finished_at) ON batch_chunks TO loadstone_tenant;
GRANT SELECT ON batch_results TO loadstone_tenant;
GRANT SELECT, INSERT, DELETE ON batch_refusals TO loadstone_tenant;
GRANT INSERT ON batch_remains TO loadstone_tenant;

GRANT SELECT, UPDATE (state, finished_at) ON batches TO loadstone_worker;
GRANT SELECT, UPDATE (
    state, attempt, begun, losses, suspect, suspected, poisoned, repeats, worker, lease_until, succeeded, failed, finished_at
) ON batch_chunks TO loadstone_worker;
GRANT SELECT, DELETE ON batch_results, batch_remains TO loadstone_worker;

-- The least identifier of a moment.
CREATE FUNCTION loadstone_first_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the partitions of last month, this one and so many after it, as far as they are not there; how many it made.
-- Months are those of UTC. COPY knows no row-level security, so the worker writes results into the partition itself, which
-- nobody else may touch; tenants reach all partitions through their parents alone, whose policies hold.
CREATE FUNCTION loadstone_make_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    parent text;
    partition text;
    month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    beginning timestamp;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(x'10AD5700'::int);
    FOR number IN -1..ahead LOOP
        beginning := month + make_interval(months => number);
        FOREACH parent IN ARRAY ARRAY['batches', 'batch_chunks', 'batch_results', 'batch_refusals'] LOOP
            partition := format('%s_%s', parent, to_char(beginning, 'YYYY_MM'));
            CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', partition, parent,
                loadstone_first_id(beginning AT TIME ZONE 'UTC'),
                loadstone_first_id((beginning + interval '1 month') AT TIME ZONE 'UTC')
            );
            IF parent = 'batch_results' THEN
                -- Only ever added to: what counts is that new pages are soon known to be visible to all.
                EXECUTE format(
                    'ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)',
                    partition
                );
                EXECUTE format('GRANT INSERT, SELECT, DELETE ON %I TO loadstone_worker', partition);
            ELSIF parent IN ('batches', 'batch_chunks') THEN
                -- Each row is written several times: room for that in every page, and an early vacuum.
                EXECUTE format(
                    'ALTER TABLE %I SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, '
                    'autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0, '
                    'autovacuum_analyze_scale_factor = 0.05)', partition
                );
            END IF;
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the partitions of months that ended longer than so ago, unless a batch of theirs is still at work; how many.
CREATE FUNCTION loadstone_drop_partitions(older_than interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month text;
    parent text;
    at_work boolean;
    dropped integer := 0;
BEGIN
    IF older_than < interval '1 day' THEN
        RAISE EXCEPTION 'batches are kept for a day at least';
    END IF;
    PERFORM pg_advisory_xact_lock(x'10AD5700'::int);
    FOR month IN
        SELECT right(child.relname, 7) FROM pg_inherits
        JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = to_regclass('batches')
            AND (to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' < now() - older_than
    LOOP
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %I WHERE state IN (''uploading'', ''running'', ''paused''))', 'batches_' || month
        ) INTO at_work;
        CONTINUE WHEN at_work;
        FOREACH parent IN ARRAY ARRAY['batch_results', 'batch_refusals', 'batch_chunks', 'batches'] LOOP
            EXECUTE format('DROP TABLE IF EXISTS %I', parent || '_' || month);
            dropped := dropped + 1;
        END LOOP;
    END LOOP;
    RETURN dropped;
END
$$;

REVOKE ALL ON FUNCTION loadstone_make_partitions(integer), loadstone_drop_partitions(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION loadstone_make_partitions(integer), loadstone_drop_partitions(interval) TO loadstone_worker;

SELECT loadstone_make_partitions(2);
