"""When is the local system ready? When every part has been asked and has answered."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING

import redis

from deploy.local.environment import event_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.local.environment import Places

POLL_SECONDS = 0.05
STILL_WAITING_SECONDS = 30


def wait_until_ready(places: Places, say: Callable[[str], None]) -> None:
    """Return when all parts answer; after half a minute names those that do not, and goes on asking."""
    waiting: dict[str, Callable[[], bool]] = {
        "identity": lambda: _answers(f"http://127.0.0.1:{places.settings.identity_port}/readyz"),
        "mailbox": lambda: _answers(places.mailbox_url),
        "relay": lambda: _connected(places, "relay"),
        "mailer": lambda: _connected(places, "mailer") and _reads(places),
    }
    told_at = time.monotonic() + STILL_WAITING_SECONDS
    while waiting:
        waiting = {name: ask for name, ask in waiting.items() if not ask()}
        if waiting and time.monotonic() > told_at:
            say(f"still waiting for {', '.join(waiting)}; their lines above say why")
            told_at += STILL_WAITING_SECONDS
        time.sleep(POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - of loopback, made here
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False


def _connected(places: Places, role: str) -> bool:
    try:
        with _operator(places) as client:
            return any(one["user"] == role for one in client.client_list())
    except redis.RedisError:
        return False


def _reads(places: Places) -> bool:
    """Tell whether the mailer's group is there: it is made before the first entry is read."""
    try:
        with _operator(places) as client:
            return any(group["name"] == b"mailer" for group in client.xinfo_groups(event_stream()))
    except redis.RedisError:
        return False


def _operator(places: Places) -> redis.Redis:
    return redis.Redis.from_url(places.redis_url("operator"))
