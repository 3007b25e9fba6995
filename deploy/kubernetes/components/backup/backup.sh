#!/bin/sh
# Dumps the database of libpq's variables (PGHOST, PGUSER, PGDATABASE, PGPASSWORD or PGPASSFILE, PGSSLMODE) into DIRECTORY,
# reads the dump to its end, and deletes dumps older than DAYS.
#   backup.sh DIRECTORY [DAYS]
set -eu
directory=$1 days=${2:-35}
umask 077
dump="$directory/identity-$(date -u +%Y%m%dT%H%M%SZ).dump"
trap 'rm -f "$dump.part"' EXIT
pg_dump --format=custom --file="$dump.part"
pg_restore --file=/dev/null "$dump.part" # detects a truncated dump now rather than at the restore
mv "$dump.part" "$dump"
find "$directory" -name 'identity-*.dump' -mtime "+$days" -delete
echo "$dump"
