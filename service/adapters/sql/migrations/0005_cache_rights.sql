-- The worker of jobs answers by the same cache as the service.
GRANT SELECT, INSERT, UPDATE, DELETE ON cache_entries TO loadstone_worker;
