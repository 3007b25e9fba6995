-- What Debezium reads of the outbox, for PostgreSQL 15 or newer with wal_level = logical; run by the owner of the tables.
-- New rows alone, because the relay changes rows afterwards; and not the column `sealed`, which holds content of mails.
CREATE PUBLICATION identity_outbox
  FOR TABLE outbox (id, event_id, type, subject, ce, created_at)
  WITH (publish = 'insert');

-- As a superuser: CREATE ROLE debezium LOGIN REPLICATION; then \password debezium. The right is for the first snapshot.
GRANT SELECT (id, event_id, type, subject, ce, created_at) ON outbox TO debezium;
