#!/bin/sh
# Restores DUMP into the empty database of libpq's variables, as a superuser or the owner of the database with CREATEROLE.
# Needs psql, pg_restore and the command `identity` of the release that wrote the dump, or of a newer release.
#   restore.sh DUMP
set -eu
dump=$1 began=$(date +%s)
sql() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"; }
if [ "$(sql --tuples-only --no-align --command="SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")" != 0 ]; then
  echo "the database is not empty: restore into a new one" >&2
  exit 1
fi
identity database roles | sql # a dump contains no roles
pg_restore --exit-on-error --single-transaction --dbname="$PGDATABASE" "$dump"
identity database roles | sql # privileges and owners of the tables
echo "restored in $(($(date +%s) - began)) s. Next: passwords of the roles, identity migrate, identity check (runbook)"
