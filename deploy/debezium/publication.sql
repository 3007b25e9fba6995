-- The publication of the outbox for Debezium, on PostgreSQL 15 or newer with wal_level = logical; run it as the owner of
-- the tables. It has only inserts, because the relay updates rows later, and no column `sealed`, which has mail content.
CREATE PUBLICATION identity_outbox
  FOR TABLE outbox (id, event_id, type, subject, ce, created_at)
  WITH (publish = 'insert');

-- As a superuser: CREATE ROLE debezium LOGIN REPLICATION; then \password debezium. The privilege is for the first snapshot.
GRANT SELECT (id, event_id, type, subject, ce, created_at) ON outbox TO debezium;
