"""No code, link, password or token is readable in database, Redis, logs, metrics, traces or errors (SEC-9, EVT-4)."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.actors.authorization_browser import VERIFIER, ServiceBrowser
from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import REDIRECT_URI
from tests.support.actors.people import PASSWORD, Person, Visitor
from tests.support.actors.registration_form import open_form, valid_fields
from tests.support.actors.service_clients import Service
from tests.support.browser.plain_browser import PlainBrowser
from tests.support.harness.installation import Installation
from tests.support.harness.leak_scan import ResponseRecorder, database_text, leaked, redis_text
from tests.support.harness.metrics_health_ports import MetricsHealthPorts
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import run_preloaded
from tests.support.harness.system import System
from tests.support.servers.trace_collector import TraceCollector, run_trace_collector

NEW_PASSWORD = "Lantern-Quay-31!"
PAGES_PASSWORD = "Anchor-Meadow-58!"
WRONG_PASSWORD = "Wrong-Password-of-Nobody-5!"
TOKENS = ("access_token", "refresh_token", "id_token")
PASSWORDS = {PASSWORD, NEW_PASSWORD, PAGES_PASSWORD, WRONG_PASSWORD}


class Walk:
    """Uses the system in ways that involve secrets, and collects the secrets."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.api_errors, self.page_errors = ResponseRecorder(), ResponseRecorder()
        self.secrets = set(PASSWORDS)

    def visitor(self) -> Visitor:
        return self.api_errors.attach(self.installation.visitor())

    def at_pages(self) -> Visitor:
        return self.page_errors.attach(self.installation.visitor())

    def record(self, visitor: Visitor) -> None:
        self.secrets.add(str(visitor.token))

    def token(self, address: str, subject: str) -> str:
        token = self.installation.mail(address, subject).token
        self.secrets.add(token)
        return token

    def registered(self, kind: str) -> Person:
        person = self.installation.register(kind)
        visitor = self.visitor()
        visitor.log_in(person)
        self.record(visitor)
        token = self.token(person.email, "註冊")
        visitor.http.get("/email/verify", params={"token": token})
        visitor.http.get(f"/nowhere/{token}", params={"token": token})
        for _ in range(2):
            visitor.post("/email-verifications/confirm", {"token": token})
        visitor.post("/email-verifications/confirm", {"token": f"{token}x"})
        return person

    def logged_in(self, person: Person, password: str = PASSWORD) -> Visitor:
        visitor = self.visitor()
        visitor.log_in(person, password=WRONG_PASSWORD)
        visitor.post("/sessions", {"username": person.username, "password": password, "pasword": password})
        assert visitor.log_in(person, password=password).status_code == 201
        visitor.accept_consents()
        self.record(visitor)
        return visitor

    def bind(self, link: Visitor, general: Person) -> str:
        link.post("/bindings", {"username": general.username, "password": WRONG_PASSWORD})
        binding_id = self.installation.bind(link, general)
        code = self.installation.mail(general.email, "驗證碼").code
        self.secrets.add(code)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        link.post(f"/bindings/{binding_id}/verify", {"code": wrong})
        assert link.post(f"/bindings/{binding_id}/verify", {"code": code}).status_code == 200
        return binding_id

    def switch(self, link: Visitor, binding_id: str) -> None:
        assert link.switch(binding_id).status_code == 200
        self.record(link)
        assert link.switch_back().status_code == 200
        self.record(link)

    def change(self, visitor: Visitor, person: Person) -> None:
        tag = visitor.get("/account").headers["ETag"]
        changed = {"email": f"new.{person.email}", "current_password": PASSWORD}
        assert visitor.patch("/account", changed, **{"If-Match": tag}).status_code == 200
        visitor.post("/email-verifications/confirm", {"token": self.token(f"new.{person.email}", "")})
        visitor.put("/account/password", {"current": WRONG_PASSWORD, "new": NEW_PASSWORD})

    def reset(self, person: Person) -> None:
        visitor = self.visitor()
        visitor.post("/password-resets", {"username": person.username, "email": person.email})
        token = self.token(person.email, "密碼")
        visitor.post("/password-resets/confirm", {"token": token, "password": "short"})
        answer = visitor.post("/password-resets/confirm", {"token": token, "password": NEW_PASSWORD})
        assert answer.status_code == 204

    def by_pages(self, person: Person) -> Visitor:
        """Reset the password and log in on pages without scripts; return the logged-in visitor."""
        visitor = self.at_pages()
        browser = PlainBrowser(visitor)
        visitor.post("/password-resets", {"username": person.username, "email": person.email})
        mail = self.installation.mail(person.email, "密碼")
        self.secrets.add(mail.token)
        browser.open(mail.link).press(password=PAGES_PASSWORD, password_again=WRONG_PASSWORD)
        done = browser.open(mail.link).press(password=PAGES_PASSWORD, password_again=PAGES_PASSWORD)
        assert done.status == 200
        browser.open("/").press(username=person.username, password=WRONG_PASSWORD)
        browser.open("/").press(username=person.username, password=PAGES_PASSWORD)
        visitor.token = visitor.http.cookies["session"]
        self.record(visitor)
        assert visitor.accept_consents().status_code == 200
        return visitor

    def bind_by_page(self, link: Visitor, general: Person) -> None:
        """Bind an account and enter its code with the page's forms."""
        csrf = re.findall(r'name="csrf_token" value="([^"]+)"', link.http.get("/links").text)[0]
        named = {"csrf_token": csrf, "username": general.username}
        for password in (WRONG_PASSWORD, PASSWORD):
            link.http.post("/links", data={**named, "password": password})
        code = self.installation.mail(general.email, "驗證碼").code
        self.secrets.add(code)
        binding_id = link.get("/bindings").json()["items"][0]["id"]
        for typed in (f"{(int(code) + 1) % 1_000_000:06}", code):
            link.http.post(f"/links/{binding_id}/verify", data={"csrf_token": csrf, "code": typed})
        assert link.get("/bindings").json()["items"][0]["status"] == "verified"

    def applied_by_page(self) -> None:
        """Register with the form, first with an error, and follow the link."""
        visitor = self.at_pages()
        page = open_form(visitor, "general")
        fields = {**valid_fields(email="pages@example.com", username="bypages"), "password": PAGES_PASSWORD}
        page.press(**fields | {"password_again": WRONG_PASSWORD})
        page.press(**fields | {"password_again": PAGES_PASSWORD})
        mail = self.installation.mail("pages@example.com", "註冊")
        self.secrets.add(mail.token)
        assert PlainBrowser(visitor).open(mail.link).press().status == 200

    def use_service(self, person: Person) -> None:
        """Log in at a service, which sends its secret, code and tokens to right and to wrong endpoints."""
        self.secrets.add(self._send_secret_in_forms())
        service = _service(self.installation, "pass")
        caller = OAuthCaller(self.installation, service, visitor=self.visitor())
        wrong = Service(service.name, f"{service.secret}x")
        browser = ServiceBrowser(self.installation, self.installation.logged_in(person))
        code = browser.authorize(service.name).answer["code"]
        caller.redeem(code, redirect_uri="https://elsewhere.example/")
        first = caller.redeem(code, code_verifier=VERIFIER).json()
        second = caller.refresh(first["refresh_token"]).json()
        assert caller.is_active(second["access_token"])
        OAuthCaller(self.installation, wrong, visitor=self.visitor()).refresh(second["refresh_token"])
        caller.post(f"/oauth/token?code={code}&client_secret={service.secret}")
        caller.refresh(second["refresh_token"])
        for token in (first["access_token"], first["refresh_token"]):
            self.visitor().http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
            caller.refresh(token)
        caller.redeem(code, code_verifier=VERIFIER)
        tokens = {answer[name] for answer in (first, second) for name in TOKENS}
        self.secrets |= {service.secret, code, VERIFIER, *tokens}

    def _send_secret_in_forms(self) -> str:
        """Register a service that sends its secret in forms; send it with right and wrong parameters, and return it."""
        service = _service(self.installation, "older", "--auth", "post")
        secret = {"client_id": service.name, "client_secret": service.secret}
        for path in ("/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke"):
            for wrong in ({}, {"client_id": ["other", service.name]}, {"client_assertion": service.secret}):
                self.visitor().http.post(path, data={**secret, "token": "a", **wrong})
        return service.secret

    def refused_with_its_link(self, person: Person) -> None:
        """Let the mail server refuse a mail with a reply that quotes the link of an earlier mail."""
        visitor = self.visitor()
        visitor.post("/password-resets", {"username": person.username, "email": person.email})
        link = self.installation.mail(person.email, "密碼").link
        self.secrets.add(self.token(person.email, "密碼"))
        self.installation.smtp.refuse(person.email, text=f"5.7.1 Spam: {link}", at="data", times=1)
        general = self.logged_in(person)
        changed = general.put("/account/password", {"current": PASSWORD, "new": NEW_PASSWORD})
        assert changed.status_code == 204


def _service(installation: Installation, name: str, *more: str) -> Service:
    client, environment = ("identity", "clients"), installation.environment
    options = ("--name", "通行證系統", "--redirect-uri", REDIRECT_URI, "--refresh", *more)
    made = run_preloaded(
        *client, "add", name, "--right", "tokens:introspect", "--json", environment=environment
    )
    assert run_preloaded(*client, "oidc", name, *options, environment=environment).returncode == 0
    return Service(name, json.loads(made.stdout)["secret"])


def _walk(installation: Installation) -> Walk:
    walk = Walk(installation)
    general, holder, forgetful, refused, other = (
        walk.registered(kind) for kind in ("general", "link", "general", "general", "link")
    )
    link = walk.logged_in(holder)
    walk.switch(link, walk.bind(link, general))
    walk.change(walk.logged_in(general), general)
    walk.reset(forgetful)
    walk.logged_in(forgetful, NEW_PASSWORD)
    walk.bind_by_page(walk.by_pages(other), walk.registered("general"))
    walk.applied_by_page()
    walk.use_service(walk.registered("general"))
    walk.refused_with_its_link(refused)
    installation.wait_for_mails()
    return walk


@pytest.fixture
def collector() -> Iterator[TraceCollector]:
    with run_trace_collector() as collector:
        yield collector


@pytest.mark.rule("SEC-9", "EVT-4", "BIND-7", "SEC-5", "SEC-7", "OPS-4", "OIDC-29")
def test_no_secret_is_readable_after_every_use_case(
    installation: Installation, collector: TraceCollector
) -> None:
    ports = MetricsHealthPorts()
    parts = installation.start("web", "relay", "mailer", **ports.settings, **collector.settings)

    walk = _walk(installation)
    metrics = "\n".join(ports.scrape(part).text for part in ("web", "relay", "mailer"))
    for part in parts:
        part.stop()  # each process exports its last spans

    with installation.redis.client() as client:
        redis = redis_text(client)
    sources = {
        "database": database_text(installation),
        "Redis": redis,
        "logs": installation.logs(),
        "metrics": metrics,
        "traces": collector.text,
        "refusals": "\n".join(walk.api_errors.refusals),
    }
    leaks = {source: leaked(text, walk.secrets) for source, text in sources.items()}
    # A page may repeat values of its request, but no password.
    leaks["pages"] = leaked("\n".join(walk.page_errors.refusals), PASSWORDS)
    assert not any(leaks.values()), leaks
    assert len(walk.secrets) > 10
    assert len(walk.api_errors.refusals) > 10
    assert len(walk.page_errors.refusals) > 5
    assert len(sources["logs"]) > 10_000
    assert len(sources["metrics"]) > 10_000
    assert len(collector.spans) > 50
    assert installation.rows("SELECT 1 FROM outbox WHERE sealed IS NOT NULL") == []


@pytest.mark.rule("EVT-4")
def test_the_plain_part_of_events_contains_no_personal_data(system: System) -> None:
    general = system.person()
    link = system.logged_in(system.person("link"))
    system.bind_and_verify(link, general)

    plain = json.dumps([dict(event.data) for event in system.events()], ensure_ascii=False)

    for personal in (general.email, "錢大明", "0912345678", "02-12345678", "高雄市", "example.com"):
        assert personal not in plain


@pytest.mark.rule("SEC-9")
def test_the_sealed_part_is_deleted_once_the_mail_has_its_receipt(system: System) -> None:
    person = system.register()
    before = system.rows("SELECT sealed FROM outbox WHERE sealed IS NOT NULL")

    system.mail(person.email)
    system.wait_for_mails()

    assert len(before) == 1
    assert system.rows("SELECT mail_state, sealed FROM outbox WHERE mail_state IS NOT NULL") == [
        ("sent", None)
    ]


@pytest.mark.rule("SEC-9", "MAIL-4")
def test_the_sealed_part_of_an_expired_mail_is_deleted_and_nothing_is_sent(system: System) -> None:
    person = system.register()

    system.clock.advance(hours=24)
    system.publish()
    wait_until(
        lambda: not system.relay.receive() and _states(system) == [("expired", None)],
        what="the mail to expire",
    )

    assert system.mailbox.count(person.email) == 0


def _states(system: System) -> list[object]:
    return [
        tuple(row)
        for row in system.rows("SELECT mail_state, sealed FROM outbox WHERE mail_state IS NOT NULL")
    ]
