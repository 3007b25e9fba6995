"""Sample accounts for `make run DEMO=1`, created through the API and the mails that it sends.

One link account and three general accounts of three companies: bound and verified, bound but not yet verified, and
unbound by the general account.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.local.api_client import Api, ApiError
from deploy.local.keys import write_secret
from deploy.local.mailbox_client import Mails

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.local.environment import RunPaths

WORDS = (
    "harbour",
    "lantern",
    "quartz",
    "meadow",
    "copper",
    "walnut",
    "glacier",
    "saffron",
    "timber",
    "orchid",
)


@dataclass(frozen=True)
class Person:
    """A sample account; the tax ids pass the checksum of the Ministry of Finance."""

    username: str
    kind: str
    name: str
    tax_id: str
    company: str
    state: str

    @property
    def email(self) -> str:
        """An address at the development mailbox, which accepts mails to every address."""
        return f"{self.username}@demo.example.tw"

    def registration(self, password: str) -> dict[str, object]:
        """Return the body of `POST /accounts`."""
        company = {
            "tax_id": self.tax_id,
            "phone": "07-5211234#12",
            "name": self.company,
            "address": "804004高雄市鼓山區蓬萊路10號",
        }
        own = {"username": self.username, "name": self.name, "mobile": "0912345678", "email": self.email}
        return {"kind": self.kind, **own, "password": password, "company": company}


LINK = Person("demolink", "link", "錢大明", "62140097", "港都報關股份有限公司", "link account")
VERIFIED = Person("demoalpha", "general", "王小美", "62140097", "港都報關股份有限公司", "bound, verified")
UNVERIFIED = Person(
    "demobeta", "general", "李志強", "00501508", "鼓山運通有限公司", "bound, code not yet given"
)
REMOVED = Person(
    "demogamma", "general", "陳淑芬", "04595257", "蓬萊船務有限公司", "was bound, has released itself"
)
PEOPLE = (LINK, VERIFIED, UNVERIFIED, REMOVED)


def make_demo(paths: RunPaths) -> str:
    """Create the accounts unless they exist; return the text to print, with names and passwords or the error."""
    password_file = paths.settings.root / "demo.json"
    try:
        passwords = _passwords(password_file)
        created = Demo(Api(paths.identity_url), Mails(paths.mailbox_url), passwords).make()
    except (ApiError, TimeoutError, OSError) as error:
        return f"The sample accounts could not be created: {error}"
    lines = [
        f"  {one.username:<10} {passwords[one.username]:<24} {one.company}: {one.state}" for one in PEOPLE
    ]
    title = (
        "Sample accounts (name, password):"
        if created
        else "Sample accounts, created earlier (name, password, first state):"
    )
    return "\n".join([title, *lines, ""])


class Demo:
    def __init__(self, api: Api, mails: Mails, passwords: dict[str, str]) -> None:
        self._api, self._mails, self._passwords = api, mails, passwords

    def make(self) -> bool:
        """Create accounts and bindings; return False if the first account exists."""
        try:
            self._register(LINK)
        except ApiError as error:
            if error.code == "username_taken":
                return False
            raise
        for person in (VERIFIED, UNVERIFIED, REMOVED):
            self._register(person)
        link = self._log_in(LINK)
        self._bind(link, VERIFIED, verify=True)
        self._bind(link, UNVERIFIED, verify=False)
        self._bind(link, REMOVED, verify=True)
        self._log_in(REMOVED).call("DELETE", "/account/binding")
        return True

    def _register(self, person: Person) -> None:
        self._api.call("POST", "/accounts", person.registration(self._passwords[person.username]))
        token = self._mails.link_token(person.email)
        self._api.call("POST", "/email-verifications/confirm", {"token": token})

    def _log_in(self, person: Person) -> Api:
        login = {"username": person.username, "password": self._passwords[person.username]}
        session = self._api.call("POST", "/sessions", login)
        api = self._api.as_bearer(str(session["token"]))
        if session["next"] == "consent":
            texts = api.call("GET", "/consents")["items"]
            accepted = [{"document": text["document"], "version": text["version"]} for text in texts]
            api.call("POST", "/session/consents", {"accepted": accepted})
        return api

    def _bind(self, link: Api, person: Person, *, verify: bool) -> None:
        request = {"username": person.username, "password": self._passwords[person.username]}
        binding = link.call("POST", "/bindings", request)
        code = self._mails.code(person.email)
        if verify:
            link.call("POST", f"/bindings/{binding['id']}/verify", {"code": code})


def _passwords(file: Path) -> dict[str, str]:
    """Return the passwords in the file, which are generated if it is missing.

    They are random, because the portal may be reachable from other machines.
    """
    if not file.exists():
        write_secret(file, json.dumps({person.username: _password() for person in PEOPLE}, indent=2))
    passwords: dict[str, str] = json.loads(file.read_text())
    return passwords


def _password() -> str:
    first, second = secrets.choice(WORDS), secrets.choice(WORDS)
    return f"{first.title()}-{secrets.randbelow(9000) + 1000}-{second}-{secrets.randbelow(90) + 10}"
