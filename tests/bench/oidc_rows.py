"""Inserts clients, grants, tokens and codes of OpenID Connect directly into the tables."""

from identity.domain.service_client import digest_of
from sqlalchemy import Engine, text

from tests.bench.account_rows import bulk_engine
from tests.support.actors.oidc_clients import REDIRECT_URI, VERIFIER, challenge_of

CLIENT = "bench"
_SECRET = "a-secret-of-the-benchmarks"
SECRET = f"{CLIENT}-{_SECRET}"
MEMBER = "1".rjust(36, "0")
_REGISTER = (
    """
INSERT INTO clients (name, rights, created_at, digest, rotated_at)
VALUES (:client, '["tokens:introspect", "events:read"]', now(), :digest, now())
""",
    """
INSERT INTO oidc_clients (name, display_name, redirect_uris, post_logout_uris, backchannel_uri, scopes, accepts, auth,
  asks_consent, requires_pkce, may_refresh, requires_dpop, requires_par, id_token_alg, resources, has_jwt_tokens,
  may_reach, updated_at)
VALUES (:client, '系統', '[]', '[]', :backchannel_uri, '["openid", "company"]', '["general"]', 'secret', false, true,
  false, false, false, 'RS256', '[]', false, '[]', now())
""",
)
_GRANT = """
INSERT INTO grants (id, client, session_id, holder_id, account_id, binding_id, scopes, resources, claims, amr,
  auth_time, created_at, expires_at)
SELECT :prefix || n, :client, 's', :holder, :account, :binding, '["openid", "company"]', '[]', '{}', '["pwd"]', now(),
  now(), now() + interval '12 hours'
FROM generate_series(1, :count) n
"""
_TOKEN = """
INSERT INTO grant_tokens (digest, kind, grant_id, client, scopes, audience, issued_at, expires_at)
SELECT encode(sha256((:prefix || n)::bytea), 'hex'), 'access', :grant, :client, '["openid", "company"]', :audience,
  now(), now() + interval '1 day'
FROM generate_series(1, :count) n
"""
_CODE = """
INSERT INTO grant_codes (digest, grant_id, redirect_uri, code_challenge, issued_at, expires_at)
SELECT encode(sha256(('code' || n)::bytea), 'hex'), 'code' || n, :redirect_uri, :challenge, now(),
  now() + interval '1 day'
FROM generate_series(1, :count) n
"""


def register(engine: Engine, client: str = CLIENT, backchannel_uri: str | None = None) -> None:
    """Add a confidential client with the secret `{client}-{_SECRET}`, and its OpenID Connect registration."""
    values = {
        "client": client,
        "digest": digest_of(f"{client}-{_SECRET}"),
        "backchannel_uri": backchannel_uri,
    }
    with engine.begin() as connection:
        for statement in _REGISTER:
            connection.execute(text(statement), values)


def add_grants(engine: Engine, prefix: str, *, count: int = 1, **values: str) -> None:
    """Add grants with the ids `prefix`1 …; `values` replace the default client, holder, account or binding."""
    own = {"holder": MEMBER, "account": MEMBER, "binding": None, "client": CLIENT}
    with engine.begin() as connection:
        connection.execute(text(_GRANT), {**own, "prefix": prefix, "count": count, **values})


def add_tokens(database: str, count: int) -> None:
    """Register the client, and add a grant with the access tokens `token1`, `token2` and so on."""
    values = {"prefix": "token", "grant": "grant1", "client": CLIENT, "audience": f'["{CLIENT}"]'}
    with bulk_engine(database) as engine:
        register(engine)
        add_grants(engine, "grant")
        with engine.begin() as connection:
            connection.execute(text(_TOKEN), {**values, "count": count})


def add_codes(database: str, count: int) -> None:
    """Register the client, and add grants, each with one of the codes `code1`, `code2` and so on."""
    values = {"redirect_uri": REDIRECT_URI, "challenge": challenge_of(VERIFIER), "count": count}
    with bulk_engine(database) as engine:
        register(engine)
        add_grants(engine, "code", count=count)
        with engine.begin() as connection:
            connection.execute(text(_CODE), values)
