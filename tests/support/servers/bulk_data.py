"""Fills the tables with thousands of rows, so that PostgreSQL plans queries as after years of use."""

from sqlalchemy import Engine, text

ROWS = 4000
_FILL = """
INSERT INTO accounts (id, kind, username, username_key, name, mobile, email, mailbox_key, tax_id, company_phone,
  company_name, company_address, password_hash, former_hashes, credential_version, review, created_at,
  email_verified_at, revision, sequence)
SELECT 'a' || n, CASE n % 4 WHEN 0 THEN 'link' ELSE 'general' END, 'many' || n, 'many' || n, '錢大明', '0912345678',
  'many' || n || '@example.com', 'many' || n, '04595257', '02-12345678', '公司', '高雄市', 'x', '[]', 1, 'none',
  now() - n * interval '1 minute', now(), 1, 1
FROM generate_series(1, :rows) n;

INSERT INTO bindings (id, link_account_id, general_account_id, live_general_id, status, requested_at, dismissed)
SELECT 'b' || n, 'a' || (n / 4 * 4 + 4), 'a' || n, 'a' || n, 'verified', now(), false
FROM generate_series(1, :rows - 4) n WHERE n % 4 > 0;

INSERT INTO sessions (id, token_digest, holder_id, account_id, consents, created_at, seen_at, expires_at, address,
  user_agent)
SELECT 's' || n, 'd' || n, 'a' || n, 'a' || n, '', now(), now(), now() + interval '1 hour', '', ''
FROM generate_series(1, :rows) n;

INSERT INTO bind_codes (binding_id, challenge, digest, issued_at, tries)
SELECT id, 'c', 'd', now(), 0 FROM bindings;

INSERT INTO mail_links (account_id, purpose, value, email, issued_at)
SELECT id, 'registration', 'v', email, created_at FROM accounts;

INSERT INTO consents (account_id, document, version, accepted_at, address)
SELECT id, d, '1', now(), '' FROM accounts, unnest(ARRAY['x', 'y', 'z']) d;

INSERT INTO audit (at, action, result, actor_kind, actor, account_id, address, request_id, detail)
SELECT now(), 'session.opened', 'done', 'person', 'a' || n, 'a' || n, '', '', '{}' FROM generate_series(1, :rows) n;

INSERT INTO counters (key, times, expires_at) SELECT 'k' || n, 1, now() FROM generate_series(1, :rows) n;

INSERT INTO outbox (event_id, type, subject, ce, created_at, position, published_at)
SELECT 'e' || n, 'tw.port.identity.verification.requested', 'a' || n, '{}', now(), n, now()
FROM generate_series(1, :rows) n;

INSERT INTO rejections (account_id, username_key, password_hash, reason, rejected_at)
SELECT id, username_key, 'x', 'r', now() FROM accounts;

INSERT INTO clients (name, rights, created_at, rotated_at) VALUES ('many', '[]', now(), now());

INSERT INTO oidc_clients (name, display_name, redirect_uris, post_logout_uris, scopes, accepts, auth, asks_consent,
  requires_pkce, may_refresh, requires_dpop, requires_par, id_token_alg, resources, has_jwt_tokens, may_reach,
  updated_at)
VALUES ('many', '系統', '[]', '[]', '["openid"]', '["general"]', 'secret', false, true, true, false, false, 'RS256',
  '[]', false, '[]', now());

INSERT INTO grants (id, client, session_id, holder_id, account_id, scopes, resources, claims, amr, auth_time,
  created_at, expires_at, ended_at)
SELECT 'g' || n, 'many', 's' || n, 'a' || n, 'a' || n, '["openid"]', '[]', '{}', '["pwd"]', now(), now(),
  now() + interval '12 hours', CASE n % 2 WHEN 0 THEN now() END
FROM generate_series(1, :rows) n;

INSERT INTO grant_codes (digest, grant_id, redirect_uri, issued_at, expires_at)
SELECT 'c' || n, 'g' || n, '', now(), now() FROM generate_series(1, :rows) n;

INSERT INTO grant_tokens (digest, kind, grant_id, client, scopes, audience, issued_at, expires_at)
SELECT k || n, k, 'g' || n, 'many', '["openid"]', '["many"]', now(), now() + interval '10 minutes'
FROM generate_series(1, :rows) n, unnest(ARRAY['access', 'refresh']) k;

INSERT INTO authorization_requests (digest, client, parameters, pushed, progress, created_at, expires_at)
SELECT 'r' || n, 'many', '{}', false, '{}', now(), now() FROM generate_series(1, :rows) n;

INSERT INTO logouts (grant_id, client, sub, created_at, due_at, tries, done_at)
SELECT 'g' || n, 'many', 'a' || n, now(), now(), 1, now() FROM generate_series(1, :rows) n;

INSERT INTO client_consents (account_id, client, scopes, accepted_at)
SELECT 'a' || n, 'many', '["openid"]', now() FROM generate_series(1, :rows) n;

INSERT INTO seen_proofs (digest, expires_at) SELECT 'p' || n, now() FROM generate_series(1, :rows) n
"""


def fill_tables(engine: Engine) -> None:
    """Fill the tables of a migrated PostgreSQL database and update its statistics."""
    with engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            connection.execute(text(statement), {"rows": ROWS} if ":rows" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
