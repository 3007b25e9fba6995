"""Simulated users who register, verify, bind, log in at a service, and unbind or log out, during the faults."""

import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from string import ascii_lowercase
from typing import Any

import httpx

from tests.faults.recording_mailbox import RecordingMailbox
from tests.support.actors.authorization_browser import query
from tests.support.actors.oidc_clients import REDIRECT_URI
from tests.support.actors.people import TAX_IDS, Person, Visitor, registration
from tests.support.servers.received_mail import ReceivedMail

_MAIL_SECONDS = 20.0
_MAX_TRIES = 4
_PAUSE_SECONDS = 0.5
_TIMEOUT_SECONDS = 15.0
_CLIENT_ERRORS = range(400, 500)


class Interrupted(Exception):  # noqa: N818 - named for what happened
    """A journey cannot continue: its mail did not arrive, or the server did not answer or refused a request."""


class SimulatedUsers:
    """`count` concurrent users, who together start on average at most `rate` journeys a second.

    `completed` counts successful requests by step, `errors` interrupted journeys by reason.
    """

    def __init__(
        self, url: str, mailbox: RecordingMailbox, client: str, *, count: int, rate: float, seed: int
    ) -> None:
        self._url, self._mailbox, self._client = url, mailbox, client
        self._seconds_a_journey = count / rate
        self._stopping = threading.Event()
        self.completed: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        rngs = [random.Random(seed + n) for n in range(count)]
        self._threads = [threading.Thread(target=self._run, args=(rng,), daemon=True) for rng in rngs]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait until each user has finished the current journey."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, rng: random.Random) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            journey = Journey(self._url, self._mailbox, rng, self.completed, client=self._client)
            try:
                journey.run()
            except Interrupted as reason:
                self.errors[str(reason)] += 1
            finally:
                journey.close()
            self._stopping.wait(
                max(0.0, self._seconds_a_journey * rng.uniform(0.5, 1.5) - (time.monotonic() - began))
            )


class Journey:
    """Registers a link and a general account, binds them and logs in at a service; then unbinds or logs out."""

    def __init__(
        self, url: str, mailbox: RecordingMailbox, rng: random.Random, done: Counter[str], *, client: str
    ) -> None:
        self._client = client
        self._url, self._mailbox, self._rng, self._done = url, mailbox, rng, done
        self._visitors: list[Visitor] = []
        self._people: list[Person] = []

    def run(self) -> None:
        link, general = self._person("link"), self._person("general")
        session = self._logged_in(link)
        bind = {"username": general.username, "password": general.password}
        self._call("bind", lambda: session.post("/bindings", bind), accepted=("already_bound",))
        (binding_id,) = (
            item["id"] for item in self._call("list bindings", lambda: session.get("/bindings"))["items"]
        )
        code = self._mail(general, "驗證碼").code
        self._call("verify binding", lambda: session.post(f"/bindings/{binding_id}/verify", {"code": code}))
        self._call("log in at the service", lambda: self._log_in_at_service(session))
        if self._rng.random() < 0.5:
            self._call("unbind", lambda: session.delete(f"/bindings/{binding_id}"))
        elif self._rng.random() < 0.5:
            other = self._logged_in(general)
            self._call("unbind from general account", lambda: other.delete("/account/binding"))
        else:
            self._call("log out", lambda: session.delete("/session"), accepted=("not_signed_in",))

    def close(self) -> None:
        """Close connections and discard the mails."""
        for visitor in self._visitors:
            visitor.close()
        self._mailbox.discard(*(person.email for person in self._people))

    def _person(self, kind: str) -> Person:
        name = "c" + "".join(
            secrets.choice(ascii_lowercase) for _ in range(14)
        )  # without digits, because the code of a mail is recognized by its digits
        payload = registration(
            kind, username=name, email=f"{name}@example.com", company={"tax_id": self._rng.choice(TAX_IDS)}
        )
        answer = self._call("register", lambda: self._visitor().post("/accounts", payload))
        person = Person(answer["id"], kind, name, payload["email"], payload["password"])
        self._people.append(person)
        token = self._mail(person, "註冊通知").token
        self._call("verify", lambda: self._visitor().post("/email-verifications/confirm", {"token": token}))
        return person

    def _logged_in(self, person: Person) -> Visitor:
        visitor = self._visitor()
        self._call("log in", lambda: visitor.log_in(person))
        self._call("consent", visitor.accept_consents, accepted=("step_open", "no_step_open"))
        return visitor

    def _log_in_at_service(self, visitor: Visitor) -> httpx.Response:
        """Send the service's authorization request; return 204 for a redirect with a code, otherwise the answer."""
        visitor.http.cookies.set("session", str(visitor.token))
        answer = visitor.http.get("/oauth/authorize", params=query(self._client))
        is_done = answer.headers.get("Location", "").startswith(f"{REDIRECT_URI}?code=")
        return httpx.Response(204) if is_done else answer

    def _visitor(self) -> Visitor:
        visitor = Visitor(self._url)
        visitor.http.timeout = httpx.Timeout(_TIMEOUT_SECONDS)
        self._visitors.append(visitor)
        return visitor

    def _mail(self, person: Person, subject: str) -> ReceivedMail:
        mail = self._mailbox.take(person.email, subject, seconds=_MAIL_SECONDS)
        if mail is None:
            raise Interrupted(f"no mail: {subject}")
        return mail

    def _call(
        self, what: str, call: Callable[[], httpx.Response], *, accepted: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Send a request up to four times, until it succeeds or is refused; return the JSON object of the answer.

        `accepted` contains the error codes that show that an earlier attempt was executed; for them, return {}.
        Raises Interrupted.
        """
        for _ in range(_MAX_TRIES):
            with suppress(httpx.TransportError, KeyError, ValueError):
                answer = call()
                if answer.is_success:
                    self._done[what] += 1
                    return dict(answer.json()) if answer.content else {}
                if answer.status_code in _CLIENT_ERRORS:
                    code = str(answer.json().get("code"))
                    if code in accepted:
                        return {}
                    raise Interrupted(f"{what}: {code}")
            time.sleep(_PAUSE_SECONDS)
        raise Interrupted(f"{what}: no answer")
