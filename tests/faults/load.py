"""The load: people who register, verify, bind and unbind, one life after the other, whatever falls over meanwhile."""

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

from tests.faults.postbag import Postbag
from tests.support.actors.people import TAX_IDS, Person, Visitor, registration
from tests.support.servers.received_mail import ReceivedMail

_MAIL_SECONDS = 20.0
_TRIES = 4
_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS = 15.0
_NEVER_MIND = range(400, 500)


class Interrupted(Exception):  # noqa: N818 - named for what happened
    """A life that cannot go on: its mail never came, or nobody answered."""


class People:
    """`count` people at once; `lives` counts what they got done, `troubles` what they met."""

    def __init__(self, url: str, postbag: Postbag, *, count: int, rate: float, seed: int) -> None:
        self._url, self._postbag = url, postbag
        self._seconds_a_life = count / rate
        self._leaving = threading.Event()
        self.done: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        chances = [random.Random(seed + n) for n in range(count)]
        self._threads = [
            threading.Thread(target=self._live, args=(chance,), daemon=True) for chance in chances
        ]

    def start(self) -> None:
        """Let them come."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish the life it lives."""
        self._leaving.set()
        for thread in self._threads:
            thread.join()

    def _live(self, chance: random.Random) -> None:
        while not self._leaving.is_set():
            began = time.monotonic()
            life = Life(self._url, self._postbag, chance, self.done)
            try:
                life.live()
            except Interrupted as reason:
                self.troubles[str(reason)] += 1
            finally:
                life.end()
            self._leaving.wait(
                max(0.0, self._seconds_a_life * chance.uniform(0.5, 1.5) - (time.monotonic() - began))
            )


class Life:
    """A link account with a general account: register both, verify, bind, give the code, part again."""

    def __init__(self, url: str, postbag: Postbag, chance: random.Random, done: Counter[str]) -> None:
        self._url, self._postbag, self._chance, self._done = url, postbag, chance, done
        self._visitors: list[Visitor] = []
        self._people: list[Person] = []

    def live(self) -> None:
        """Go the whole way. Raises Interrupted."""
        link, general = self._person("link"), self._person("general")
        own = self._logged_in(link)
        bind = {"username": general.username, "password": general.password}
        self._call("bind", lambda: own.post("/bindings", bind), taken=("already_bound",))
        (binding_id,) = (item["id"] for item in self._call("look", lambda: own.get("/bindings"))["items"])
        code = self._mail(general, "驗證碼").code
        self._call("give the code", lambda: own.post(f"/bindings/{binding_id}/verify", {"code": code}))
        if self._chance.random() < 0.5:
            self._call("unbind", lambda: own.delete(f"/bindings/{binding_id}"))
        elif self._chance.random() < 0.5:
            side = self._logged_in(general)
            self._call("unbind oneself", lambda: side.delete("/account/binding"))

    def end(self) -> None:
        """Close what is open; nobody reads these mails any more."""
        for visitor in self._visitors:
            visitor.close()
        self._postbag.forget(*(person.email for person in self._people))

    def _person(self, kind: str) -> Person:
        name = "c" + "".join(
            secrets.choice(ascii_lowercase) for _ in range(14)
        )  # no digits: codes are found by them
        sent = registration(
            kind, username=name, email=f"{name}@example.com", company={"tax_id": self._chance.choice(TAX_IDS)}
        )
        answer = self._call("register", lambda: self._visitor().post("/accounts", sent))
        person = Person(answer["id"], kind, name, sent["email"], sent["password"])
        self._people.append(person)
        token = self._mail(person, "註冊通知").token
        self._call("verify", lambda: self._visitor().post("/email-verifications/confirm", {"token": token}))
        return person

    def _logged_in(self, person: Person) -> Visitor:
        visitor = self._visitor()
        self._call("log in", lambda: visitor.log_in(person))
        self._call("consent", visitor.accept_consents, taken=("step_open", "no_step_open"))
        return visitor

    def _visitor(self) -> Visitor:
        visitor = Visitor(self._url)
        visitor.http.timeout = httpx.Timeout(_PATIENCE_SECONDS)
        self._visitors.append(visitor)
        return visitor

    def _mail(self, person: Person, subject: str) -> ReceivedMail:
        found = self._postbag.take(person.email, subject, seconds=_MAIL_SECONDS)
        if found is None:
            raise Interrupted(f"no mail: {subject}")
        return found

    def _call(
        self, what: str, call: Callable[[], httpx.Response], *, taken: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Call until it is answered, as a patient program does. Raises Interrupted."""
        for _ in range(_TRIES):
            with suppress(httpx.TransportError, KeyError, ValueError):
                answer = call()
                if answer.is_success:
                    self._done[what] += 1
                    return dict(answer.json()) if answer.content else {}
                if answer.status_code in _NEVER_MIND:
                    code = str(answer.json().get("code"))
                    if code in taken:
                        return {}
                    raise Interrupted(f"{what}: {code}")
            time.sleep(_PAUSE_SECONDS)
        raise Interrupted(f"{what}: no answer")
