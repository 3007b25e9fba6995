"""Checks of the Redis server: write access, permissions, durability settings, version."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import redis
from port_events import redis_client
from port_events.envelope import MAIL_STREAM, RECEIPTS

from mailer.adapters.redis.connection import read_script

OLDEST_ADVISED: Final = (7, 2)
"""Older versions do not count empty reads as activity, so idle mailers of a release without heartbeats seem gone."""
WRITE_CHECK: Final = "mailer:write-check"  # a key that never exists


def check_access(client: redis.Redis) -> None:
    """Raise redis.RedisError unless Redis accepts writes and the user may read the stream of mails."""
    redis_client.check_writable(client, WRITE_CHECK)
    client.xlen(MAIL_STREAM)


def missing_permissions(client: redis.Redis) -> list[str]:
    """Return the names of those commands in missing_permissions.lua that the client's user may not run."""
    keys = [MAIL_STREAM, RECEIPTS, "mailer:ledger:check", "mailer:queue:check"]
    missing: Any = client.eval(read_script("missing_permissions"), len(keys), *keys)
    return [command.decode() for command in missing]


def durability_warnings(client: redis.Redis) -> list[str]:
    """Return warnings about Redis settings that may lose mails (SEC-10); empty if the user may not run INFO."""
    try:
        info: Any = client.info()
    except redis.exceptions.NoPermissionError:
        return []
    warnings = []
    if info.get("maxmemory_policy", "noeviction") != "noeviction":
        warnings.append("maxmemory-policy should be noeviction")
    if not info.get("aof_enabled", 1):
        warnings.append("appendonly should be yes")
    return warnings


def version_warning(client: redis.Redis) -> str:
    """Return a warning if Redis is older than OLDEST_ADVISED; empty if it is not, or if the user may not run INFO."""
    with suppress(redis.exceptions.NoPermissionError):
        info: Any = client.info("server")
        if tuple(map(int, info["redis_version"].split(".")[:2])) < OLDEST_ADVISED:
            return f"{info['redis_version']}; 7.2 or newer is advised"
    return ""
