"""One statement uses a code and adds its tokens. On SQLite the unit of work redeems the code."""

from dataclasses import replace

import pytest
from identity.domain.grant import Code, Token
from identity.domain.service_client import digest_of
from identity.usecases.steps.session_termination import end_grant

from tests.support.actors.oidc_clients import issue_code, open_grant, register_oidc_client
from tests.support.harness.system import System

KEEP_SETTING = (
    "CREATE FUNCTION keep_setting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " NEW.parent := current_setting('synchronous_commit'); RETURN NEW; END $$;"
    " CREATE TRIGGER keep_setting BEFORE INSERT ON grant_tokens FOR EACH ROW EXECUTE FUNCTION keep_setting()"
)


def token_of(code: Code, client: str) -> Token:
    return Token(
        digest="access", kind="access", grant_id=code.grant_id, client=client, scopes=["openid"], audience=[client],
        act=None, jkt=None, parent=None, issued_at=code.issued_at, expires_at=code.expires_at,
    )  # fmt: skip


@pytest.mark.rule("OIDC-9", "OIDC-21")
def test_a_code_of_an_open_grant_is_used_once_with_its_tokens_and_the_commit_waits_for_the_disk(
    system: System,
) -> None:
    service, now = register_oidc_client(system), system.clock.now()
    digest, of_ended = (
        digest_of(issue_code(system, open_grant(system, service.name, system.person()))) for _ in range(2)
    )
    found = system.ports.code_redemption.usable(digest, now)
    if system.engine.dialect.name != "postgresql":
        assert found is None
        return
    ending = system.ports.code_redemption.usable(of_ended, now)
    assert found is not None
    assert ending is not None
    with system.engine.begin() as connection:
        connection.exec_driver_sql(KEEP_SETTING)
    access = token_of(found[0], service.name)
    tokens = [access, replace(access, digest="refresh", kind="refresh")]

    used = [system.ports.code_redemption.use(digest, each, now) for each in (tokens, tokens[:1])]
    with system.app.app_context(), system.ports.unit_of_work() as uow:
        end_grant(uow, ending[0].grant_id, "session_ended")
        uow.commit()
    used.append(system.ports.code_redemption.use(of_ended, [token_of(ending[0], service.name)], now))

    rows = system.rows("SELECT kind, parent FROM grant_tokens ORDER BY kind")
    assert used == [True, False, False]
    assert [tuple(row) for row in rows] == [("access", "on"), ("refresh", "on")]
    assert system.ports.code_redemption.usable(digest, now) is None
