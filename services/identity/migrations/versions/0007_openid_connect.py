"""OpenID Connect: registrations, requests, grants with codes and tokens, consents, pending logouts, used proofs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TIMESTAMP = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=36), nullable=nullable)


def _client(name: str = "client", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=40), nullable=nullable)


def _digest(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)


def _create_table(name: str, *elements: sa.schema.SchemaItem, **options: bool) -> None:
    op.create_table(name, *elements, if_not_exists=True, **options)


def _create_index(name: str, table: str, columns: list[str], *, where: sa.TextClause | None = None) -> None:
    op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where, if_not_exists=True)


def upgrade() -> None:
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("accounts")}
    if "updated_at" not in present:
        op.add_column("accounts", sa.Column("updated_at", TIMESTAMP, nullable=True))
    _create_clients()
    _create_requests()
    _create_grants()
    _create_codes_and_tokens()
    _create_logouts()
    _create_table(
        "seen_proofs",
        _digest("digest"),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_seen_proofs"),
    )
    _create_index("ix_seen_proofs_expires_at", "seen_proofs", ["expires_at"])


def downgrade() -> None:
    for table in (
        "seen_proofs",
        "logouts",
        "grant_tokens",
        "grant_codes",
        "grants",
        "client_consents",
        "authorization_requests",
        "oidc_clients",
    ):
        op.drop_table(table)
    op.drop_column("accounts", "updated_at")


def _create_clients() -> None:
    _create_table(
        "oidc_clients",
        _client("name"),
        sa.Column("display_name", sa.String(length=100), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("post_logout_uris", sa.JSON(), nullable=False),
        sa.Column("backchannel_uri", sa.String(length=2000), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("accepts", sa.JSON(), nullable=False),
        sa.Column("auth", sa.String(length=8), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=True),
        sa.Column("asks_consent", sa.Boolean(), nullable=False),
        sa.Column("requires_pkce", sa.Boolean(), nullable=False),
        sa.Column("may_refresh", sa.Boolean(), nullable=False),
        sa.Column("requires_dpop", sa.Boolean(), nullable=False),
        sa.Column("requires_par", sa.Boolean(), nullable=False),
        sa.Column("id_token_alg", sa.String(length=8), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("has_jwt_tokens", sa.Boolean(), nullable=False),
        sa.Column("may_reach", sa.JSON(), nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.ForeignKeyConstraint(["name"], ["clients.name"], name="fk_oidc_clients_name"),
        sa.PrimaryKeyConstraint("name", name="pk_oidc_clients"),
    )
    _create_table(
        "client_consents",
        _id("account_id"),
        _client(),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("accepted_at", TIMESTAMP, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_client_consents_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["client"], ["oidc_clients.name"], name="fk_client_consents_client"),
        sa.PrimaryKeyConstraint("account_id", "client", name="pk_client_consents"),
    )


def _create_requests() -> None:
    _create_table(
        "authorization_requests",
        _digest("digest"),
        _client(),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("pushed", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.ForeignKeyConstraint(["client"], ["oidc_clients.name"], name="fk_authorization_requests_client"),
        sa.PrimaryKeyConstraint("digest", name="pk_authorization_requests"),
    )
    _create_index("ix_authorization_requests_expires_at", "authorization_requests", ["expires_at"])


def _create_grants() -> None:
    _create_table(
        "grants",
        _id("id"),
        _client(),
        _id("session_id"),
        _id("holder_id"),
        _id("account_id"),
        _id("binding_id", nullable=True),
        _id("parent_id", nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("acr", sa.String(length=100), nullable=True),
        sa.Column("amr", sa.JSON(), nullable=False),
        sa.Column("auth_time", TIMESTAMP, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("refreshed_at", TIMESTAMP, nullable=True),
        sa.Column("ended_at", TIMESTAMP, nullable=True),
        sa.Column("ended_reason", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["oidc_clients.name"], name="fk_grants_client"),
        sa.ForeignKeyConstraint(["holder_id"], ["accounts.id"], name="fk_grants_holder_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_grants_account_id"),
        sa.ForeignKeyConstraint(["binding_id"], ["bindings.id"], name="fk_grants_binding_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["grants.id"], name="fk_grants_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
    )
    not_ended = sa.text("ended_at IS NULL")
    columns = ("session_id", "holder_id", "account_id", "binding_id", "parent_id", "client", "expires_at")
    for column in columns:
        _create_index(f"ix_grants_{column}", "grants", [column], where=not_ended)
    _create_index("ix_grants_ended_at", "grants", ["ended_at"])


def _create_codes_and_tokens() -> None:
    _create_table(
        "grant_codes",
        _digest("digest"),
        _id("grant_id"),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("code_challenge", sa.String(length=43), nullable=True),
        sa.Column("nonce", sa.String(length=500), nullable=True),
        sa.Column("jkt", sa.String(length=43), nullable=True),
        sa.Column("issued_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("used_at", TIMESTAMP, nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name="fk_grant_codes_grant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_grant_codes"),
    )
    _create_index("ix_grant_codes_grant_id", "grant_codes", ["grant_id"])
    _create_index("ix_grant_codes_expires_at", "grant_codes", ["expires_at"])
    _create_table(
        "grant_tokens",
        _digest("digest"),
        sa.Column("kind", sa.String(length=8), nullable=False),
        _id("grant_id"),
        _client(),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("act", sa.JSON(), nullable=True),
        sa.Column("jkt", sa.String(length=43), nullable=True),
        _digest("parent", nullable=True),
        sa.Column("issued_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("used_at", TIMESTAMP, nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name="fk_grant_tokens_grant_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["client"], ["oidc_clients.name"], name="fk_grant_tokens_client"),
        sa.PrimaryKeyConstraint("digest", name="pk_grant_tokens"),
    )
    _create_index("ix_grant_tokens_grant_id", "grant_tokens", ["grant_id"])
    _create_index("ix_grant_tokens_expires_at", "grant_tokens", ["expires_at"])


def _create_logouts() -> None:
    _create_table(
        "logouts",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        _id("grant_id"),
        _client(),
        _id("sub"),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("due_at", TIMESTAMP, nullable=False),
        sa.Column("leased_until", TIMESTAMP, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("done_at", TIMESTAMP, nullable=True),
        sa.ForeignKeyConstraint(["client"], ["oidc_clients.name"], name="fk_logouts_client"),
        sa.PrimaryKeyConstraint("id", name="pk_logouts"),
        sqlite_autoincrement=True,
    )
    not_done = sa.text("done_at IS NULL")
    leased = sa.text("leased_until IS NOT NULL")
    _create_index("ix_logouts_due_at", "logouts", ["client", "due_at"], where=not_done)
    _create_index("ix_logouts_leased_until", "logouts", ["client", "leased_until"], where=leased)
    _create_index("ix_logouts_done_at", "logouts", ["done_at"])
