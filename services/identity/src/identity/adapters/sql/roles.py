"""The roles of PostgreSQL, one for each process, with the least rights (SEC-17).

During an upgrade two releases run at the same time, so a right leaves `_RIGHTS` one release after its last use.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

from identity.adapters.sql import oidc_tables  # noqa: F401  # its tables are in the metadata once it is imported
from identity.adapters.sql.schema import metadata
from identity.adapters.sql.tables import audit

MIGRATE: Final = "identity_migrate"
ROLES: Final = ("identity_web", "identity_relay", "identity_notify", "identity_tidy", MIGRATE)
_READ = "SELECT"
_CHANGE = "SELECT, INSERT, UPDATE"
_ALL = "SELECT, INSERT, UPDATE, DELETE"
# Without the id, which the sequence assigns, and the columns that the relay sets when it chains the row.
_RECORD = f"INSERT ({', '.join(each.name for each in audit.c if each.name not in {'id', 'place', 'mac'})})"
_RIGHTS: Final = {
    # The web processes, and most of the operators' commands.
    "identity_web": {
        "accounts": _CHANGE,
        "bindings": _CHANGE,
        "bind_codes": _ALL,
        "mail_links": _ALL,
        "rejections": "SELECT, INSERT, DELETE",
        "sessions": _ALL,
        "consents": "SELECT, INSERT, UPDATE (address)",
        "counters": _ALL,
        "clients": _CHANGE,
        "outbox": "SELECT, INSERT",
        "audit": f"SELECT, {_RECORD}",
        "oidc_clients": _CHANGE,
        "client_consents": _ALL,
        "authorization_requests": _ALL,
        "grants": _CHANGE,
        "grant_codes": _CHANGE,
        "grant_tokens": _ALL,
        "logouts": _CHANGE,
        "seen_proofs": "SELECT, INSERT",
        "tidy_runs": _READ,
        "alembic_version": _READ,
    },
    # The relay, `identity audit` and `identity events replay`.
    "identity_relay": {
        "accounts": "SELECT (id)",
        "outbox": "SELECT, UPDATE (position, published_at, sealed, mail_state, mail_at, mail_category)",
        "outbox_epoch": "SELECT, INSERT",
        "audit": f"SELECT, {_RECORD}, UPDATE (place, mac)",
        "audit_segments": "SELECT, INSERT",
        "audit_anchor": _CHANGE,
        "alembic_version": _READ,
    },
    "identity_notify": {
        "accounts": "SELECT (id)",
        "grants": "SELECT (id, client, holder_id, account_id, expires_at, ended_at), UPDATE (ended_at, ended_reason)",
        "oidc_clients": "SELECT (name, backchannel_uri, id_token_alg)",
        "logouts": "SELECT, INSERT, UPDATE (due_at, leased_until, tries, outcome, done_at)",
        "audit": _RECORD,
        "alembic_version": _READ,
    },
    # `identity tidy`. SELECT … FOR UPDATE needs the right to update one column.
    "identity_tidy": {
        "accounts": "SELECT, UPDATE (username_key, mailbox_key, pending_email, password_hash, former_hashes,"
        " suspended_at, closed_at, closed_reason, revision, sequence, updated_at)",
        "bindings": "SELECT, UPDATE (live_general_id, status, removed_at, removed_reason, dismissed)",
        "bind_codes": "SELECT, DELETE",
        "mail_links": "SELECT, UPDATE (used_at), DELETE",
        "rejections": "SELECT, UPDATE (reason), DELETE",
        "sessions": "SELECT, UPDATE (seen_at), DELETE",
        "counters": _ALL,
        "oidc_clients": _READ,
        "client_consents": "SELECT, DELETE",
        "authorization_requests": "SELECT, UPDATE (expires_at), DELETE",
        "grants": "SELECT, UPDATE (ended_at, ended_reason), DELETE",
        "grant_codes": "SELECT, UPDATE (used_at), DELETE",
        "grant_tokens": "SELECT, UPDATE (used_at), DELETE",
        "logouts": "SELECT, INSERT, UPDATE (done_at), DELETE",
        "seen_proofs": "SELECT, UPDATE (expires_at), DELETE",
        "outbox": "SELECT, INSERT, DELETE",
        "audit": f"SELECT, {_RECORD}, DELETE",
        "audit_segments": "SELECT, UPDATE (key, pruned_at, seal), DELETE",
        "audit_anchor": _READ,
        "tidy_runs": _CHANGE,
        "alembic_version": _READ,
    },
}
_SEQUENCES: Final = {
    "outbox_id_seq": ("identity_web", "identity_tidy"),
    "logouts_id_seq": ("identity_web", "identity_notify", "identity_tidy"),
    "audit_id_seq": ("identity_web", "identity_relay", "identity_notify", "identity_tidy"),
}
_TABLES: Final = (*metadata.tables, "alembic_version")
_SCRIPT = """\
-- The PostgreSQL roles of identity, printed by `identity database roles`. Run it in identity's database as a superuser,
-- or as the owner of the database with CREATEROLE; safe to repeat. It sets no passwords: use \\password in psql.
BEGIN;
SET LOCAL lock_timeout = '5s'; -- running processes must not wait long for this script
DO $$
DECLARE
  role_name text;
  found record;
BEGIN
  FOREACH role_name IN ARRAY ARRAY[{roles}] LOOP
    IF to_regrole(role_name) IS NULL THEN
      EXECUTE format('CREATE ROLE %I LOGIN', role_name);
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role_name);
  END LOOP;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT {migrate} TO %I', current_user);
  END IF;
  REVOKE CREATE ON SCHEMA public FROM PUBLIC, {others};
  GRANT USAGE ON SCHEMA public TO {everyone};
  GRANT CREATE ON SCHEMA public TO {migrate};
  -- A former owner may still use its tables, so that its processes keep working.
  FOR found IN
    SELECT relname, rolname, rolsuper FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner
    WHERE relnamespace = 'public'::regnamespace AND rolname <> '{migrate}'
      AND relname IN ({tables})
  LOOP
    IF NOT found.rolsuper THEN
      EXECUTE format('GRANT {migrate} TO %I', found.rolname);
    END IF;
    EXECUTE format('ALTER TABLE public.%I OWNER TO {migrate}', found.relname);
  END LOOP;
  IF to_regproc('public.identity_outbox_notify') IS NOT NULL THEN
    ALTER FUNCTION public.identity_outbox_notify() OWNER TO {migrate};
  END IF;
END $$;
{rights}
COMMIT;
"""
_RUN_EACH = """\
DO $$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY ARRAY[
{statements}
  ] LOOP
    BEGIN
      EXECUTE statement;
    EXCEPTION WHEN undefined_table OR undefined_column OR undefined_object THEN
      NULL; -- no such role, or a later migration adds the table or column: `identity migrate` then grants the right
    END;
  END LOOP;
END $$;"""


def roles_script() -> str:
    """Return SQL that creates missing roles, makes the migrations' role the owner, and sets all rights."""
    return _SCRIPT.format(
        roles=_quoted(ROLES),
        everyone=", ".join(ROLES),
        others=", ".join(name for name in ROLES if name != MIGRATE),
        migrate=MIGRATE,
        tables=_quoted(_TABLES),
        rights=_run_each(_revocations_and_grants()),
    )


def grant_rights(connection: Connection) -> None:
    """Grant the roles their rights, if the roles exist. The connection's user must own the tables.

    Revokes nothing, because the previous release may still be running.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(_run_each(_grants())))


def _grants() -> Iterator[str]:
    for role, rights in _RIGHTS.items():
        for table, privileges in rights.items():
            yield f"GRANT {privileges} ON public.{table} TO {role}"
    for sequence, users in _SEQUENCES.items():
        yield f"GRANT USAGE ON SEQUENCE public.{sequence} TO {', '.join(users)}"


def _revocations_and_grants() -> Iterator[str]:
    """Yield each grant with the revocation of all other rights: if a column is missing, neither takes effect."""
    for role, rights in _RIGHTS.items():
        for table in _TABLES:
            revoke = f"REVOKE ALL ON public.{table} FROM PUBLIC, {role}"
            privileges = rights.get(table)
            yield f"{revoke}; GRANT {privileges} ON public.{table} TO {role}" if privileges else revoke
    for sequence, users in _SEQUENCES.items():
        name = f"SEQUENCE public.{sequence}"
        yield f"REVOKE ALL ON {name} FROM PUBLIC, {', '.join(_RIGHTS)}; GRANT USAGE ON {name} TO {', '.join(users)}"


def _run_each(statements: Iterator[str]) -> str:
    return _RUN_EACH.format(statements=",\n".join(f"    '{each}'" for each in statements))


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)
