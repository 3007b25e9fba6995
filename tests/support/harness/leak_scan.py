"""Searches the texts of the database, of Redis and of error answers for secrets."""

import json
import re
from collections.abc import Iterable
from typing import Any

import httpx
from sqlalchemy import MetaData

from tests.support.actors.people import Visitor
from tests.support.harness.system import System


def database_text(system: System) -> str:
    """Return every value of every table."""
    metadata = MetaData()
    metadata.reflect(system.engine)
    with system.engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(table.select())]
    return "\n".join(str(tuple(row)) for row in rows)


def redis_text(client: Any) -> str:
    """Return every key with its value."""
    keys: Any = client.keys("*")
    return "\n".join(f"{key!r} {_value(client, key)!r}" for key in keys)


def _value(client: Any, key: bytes) -> Any:
    kind = client.type(key).decode()
    read = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        "stream": client.xrange,
    }
    return read[kind](key)


class ResponseRecorder:
    """Records body and headers of each answer that is not 2xx."""

    def __init__(self) -> None:
        self.refusals: list[str] = []

    def attach(self, visitor: Visitor) -> Visitor:
        visitor.http.event_hooks["response"].append(self._record)
        return visitor

    def _record(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            self.refusals.append(f"{answer.read().decode()} {json.dumps(dict(answer.headers))}")


def leaked(text: str, secrets: Iterable[str]) -> list[str]:
    """Return the secrets in the text, as whole words only, so that digits of a time or number do not match a code."""
    return [secret for secret in secrets if re.search(rf"(?<![\w.]){re.escape(secret)}(?!\w)", text)]
