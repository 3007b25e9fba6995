#!/usr/bin/env bash
# The entry point of postgres:16, reduced to the variables that docker-compose.yml sets.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  read -ra options <<<"${POSTGRES_INITDB_ARGS:-}"
  initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --encoding=UTF8 --locale=C.UTF-8 "${options[@]}"
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl -w -o "-c listen_addresses=''" start
  psql --username="$POSTGRES_USER" --dbname=postgres --quiet --command="CREATE DATABASE \"$POSTGRES_DB\""
  pg_ctl -w -m fast stop
fi
exec "$@" -c "listen_addresses=*"
