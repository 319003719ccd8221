-- Tenants: whose a job is, and the keys by which they are known.
--
-- Two roles that nobody can log in as stand between the service and the rows. A tenant's transaction becomes
-- loadstone_tenant and sees that tenant's jobs alone, whatever the query says. The worker of jobs becomes
-- loadstone_worker and sees everybody's, but can neither create nor delete a job. Neither may touch the keys.
-- The roles belong to the whole server, so another database of it may have made them before.
DO $$
DECLARE
    wanted text;
    right_to text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
    terms text := CASE WHEN right_to = 'SET' THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['loadstone_tenant', 'loadstone_worker'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database was quicker
        END;
        IF NOT pg_has_role(current_user, wanted, right_to) THEN
            EXECUTE format('GRANT %I TO %I%s', wanted, current_user, terms);
        END IF;
        IF NOT has_schema_privilege(wanted, current_schema(), 'USAGE') THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), wanted);
        END IF;
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'the account % may not make the roles that keep tenants apart', current_user USING
        ERRCODE = 'insufficient_privilege',
        HINT = format(
            'let an administrator of the server run: CREATE ROLE loadstone_tenant NOLOGIN; '
            'CREATE ROLE loadstone_worker NOLOGIN; GRANT loadstone_tenant, loadstone_worker TO %I;', current_user
        );
END
$$;

ALTER TABLE jobs ADD COLUMN tenant text NOT NULL DEFAULT 'public'
    CHECK (tenant ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$');

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;

-- The setting is asked for in a subquery, so once for a statement and not for each row.
CREATE POLICY own_rows ON jobs TO loadstone_tenant
    USING (tenant = (SELECT current_setting('loadstone.tenant', true)))
    WITH CHECK (tenant = (SELECT current_setting('loadstone.tenant', true)));
CREATE POLICY all_rows ON jobs TO loadstone_worker USING (true) WITH CHECK (true);

GRANT SELECT, INSERT (id, tenant, workload, request) ON jobs TO loadstone_tenant;
GRANT INSERT (priority, entrypoint, payload, dedupe_key, status) ON pgqueuer TO loadstone_tenant;
GRANT USAGE ON SEQUENCE pgqueuer_id_seq TO loadstone_tenant;

GRANT SELECT, UPDATE (state, attempts, started_at, finished_at, answer, error) ON jobs TO loadstone_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON pgqueuer, pgqueuer_log, pgqueuer_schedules, pgqueuer_statistics
    TO loadstone_worker;
GRANT USAGE ON SEQUENCE pgqueuer_id_seq, pgqueuer_log_id_seq, pgqueuer_schedules_id_seq, pgqueuer_statistics_id_seq
    TO loadstone_worker;

-- API keys. What is kept of a key is its HMAC under a secret that is not in the database.
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    sealed_by text NOT NULL,
    tenant text NOT NULL CHECK (tenant ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
    role text NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    rate_requests integer CHECK (rate_requests > 0),
    rate_window float8 CHECK (rate_window > 0),
    rate_burst integer CHECK (rate_burst > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    CHECK (num_nulls(rate_requests, rate_window, rate_burst) IN (0, 3))
)
-- Room in each page, so that noting a use writes no index.
WITH (fillfactor = 85);
