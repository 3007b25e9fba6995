"""Waits until the local system is ready."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

import redis

from deploy.redis.acl import MAILS

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.local.environment import RunPaths

POLL_SECONDS = 0.05
STILL_WAITING_SECONDS = 30


def wait_until_ready(paths: RunPaths, say: Callable[[str], None]) -> None:
    """Return when every part but `notify` responds; every 30 seconds, say which parts do not."""
    waiting: dict[str, Callable[[], bool]] = {
        "identity": lambda: _answers(f"http://127.0.0.1:{paths.settings.identity_port}/readyz"),
        "mailbox": lambda: _answers(paths.mailbox_url),
        "relay": lambda: _connected(paths, "relay"),
        "mailer": lambda: _connected(paths, "mailer") and _reads(paths),
    }
    if paths.settings.demo:
        waiting["pass-demo"] = lambda: _answers(paths.pass_demo_url)
    say_at = time.monotonic() + STILL_WAITING_SECONDS
    while waiting:
        waiting = {name: ask for name, ask in waiting.items() if not ask()}
        if waiting and time.monotonic() > say_at:
            say(f"still waiting for {', '.join(waiting)}; the reason may be in the lines above")
            say_at += STILL_WAITING_SECONDS
        time.sleep(POLL_SECONDS)


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - a loopback URL built here
        return bool(response.status == HTTPStatus.OK)
    return False


def _connected(paths: RunPaths, role: str) -> bool:
    with suppress(redis.RedisError), _operator(paths) as client:
        return any(one["user"] == role for one in client.client_list())
    return False


def _reads(paths: RunPaths) -> bool:
    """Return whether the mailer's consumer group exists, which the mailer creates before it reads."""
    with suppress(redis.RedisError), _operator(paths) as client:
        return any(group["name"] == b"mailer" for group in client.xinfo_groups(MAILS))
    return False


def _operator(paths: RunPaths) -> redis.Redis:
    return redis.Redis.from_url(paths.redis_url("operator"))
