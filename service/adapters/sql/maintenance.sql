-- What is done for the whole database now and then, by one worker at a time.

-- name: take_maintenance
-- Whether nobody else is at it; until the end of the transaction nobody else will be.
SELECT pg_try_advisory_xact_lock(x'10AD5701'::int);
