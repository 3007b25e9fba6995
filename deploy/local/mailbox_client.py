"""Reads the development mailbox through its REST interface."""

from __future__ import annotations

import re
import time
from typing import Any

import requests

TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.1
TOKEN = re.compile(r"\?token=([^\s<>\"]+)")
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


class Mails:
    """The mailbox of `make run`. Each mail that arrives after construction is used once."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False  # without a proxy
        self._returned = {mail["id"] for mail in self._list()}

    def link_token(self, address: str) -> str:
        """Return the token in the next mail to this address that has a link with one.

        Raises TimeoutError and requests' errors.
        """
        return self._next(address, TOKEN)

    def code(self, address: str) -> str:
        """Return the six-digit code in the next mail to this address that has one.

        Raises TimeoutError and requests' errors.
        """
        return self._next(address, CODE)

    def _next(self, address: str, pattern: re.Pattern[str]) -> str:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            for mail in self._list():
                if mail["id"] in self._returned or address not in mail["recipients_envelope"]:
                    continue
                if found := pattern.search(self._get(f"/api/messages/{mail['id']}.plain").text):
                    self._returned.add(mail["id"])
                    return found[1] if found.groups() else found[0]
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"no mail for {address} came within {TIMEOUT_SECONDS} s")

    def _list(self) -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = self._get("/api/messages/").json()["data"]
        return mails

    def _get(self, path: str) -> requests.Response:
        answer = self._session.get(self._base_url + path, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer
