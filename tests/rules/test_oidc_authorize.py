"""A service sends a person to log in, and gets a code or an error (OIDC-3, OIDC-4)."""

from tests.support.actors.authorization import ServiceBrowser
from tests.support.actors.oauth_clients import register_oidc_client
from tests.support.browser.text import normalize
from tests.support.harness.system import System


def test_somebody_who_is_logged_in_leads_to_a_code_at_once(system: System) -> None:
    client, person = register_oidc_client(system).name, system.person()
    browser = ServiceBrowser(system, system.logged_in(person))

    answer = browser.authorize(client).answer

    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("a state", system.ports.rules.public_url)


def test_the_login_names_the_service_and_leads_back_to_it(system: System) -> None:
    client, person = register_oidc_client(system).name, system.person()
    system.logged_in(person)

    page = ServiceBrowser(system).authorize(client)
    answer = page.log_in(person).answer

    assert normalize("登入後將前往 通行證系統") in page.text
    assert answer.keys() == {"code", "state", "iss"}


def test_cancelling_leads_back_with_an_error(system: System) -> None:
    client = register_oidc_client(system).name

    answer = ServiceBrowser(system).authorize(client).cancel().answer

    assert (answer["error"], answer["state"]) == ("access_denied", "a state")
