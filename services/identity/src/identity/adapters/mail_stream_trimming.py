"""The relay's access to the stream `identity.mails`: trimming it, and finding unhandled mails (EVT-7, MAIL-7)."""

from collections.abc import Collection
from typing import Any, TypeAlias

from port_events.consumer_group import RawEntry
from port_events.envelope import MAIL_STREAM, Entry, MalformedEvent, as_text, from_fields
from redis import Redis

MAILER_GROUP = "mailer"
_SCAN_PAGE = 1000

EntryId: TypeAlias = tuple[int, int]
"""An entry ID: a time in milliseconds, and a sequence number within it."""


class MailStream:
    """The stream of mails: the relay writes it, and the mailer is its only consumer. Raises redis.RedisError."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def trim(self, oldest: EntryId) -> int:
        """Delete handled entries older than `oldest`; return their number."""
        return self._client.xtrim(
            MAIL_STREAM, minid=text_of(min(oldest, self._first_unhandled())), approximate=False
        )

    def unhandled_from(self, newest: int) -> int | None:
        """Return the position of the first entry that the mailer has not handled, but at most `newest` + 1.

        Return `newest` + 1 if it has handled every entry, and None if the first unhandled position is unreadable.
        """
        first: Any = self._client.xrange(MAIL_STREAM, text_of(self._first_unhandled()), count=1)
        if not first:
            return newest + 1
        entry = entry_of(first[0])
        return min(entry.position, newest + 1) if entry and entry.position else None

    def unhandled_among(self, event_ids: Collection[str]) -> set[str]:
        """Return the ids of the events that the mailer may not have handled."""
        left, start = set(event_ids), text_of(self._first_unhandled())
        found: set[str] = set()
        while left - found:
            page: Any = self._client.xrange(MAIL_STREAM, start, count=_SCAN_PAGE)
            found.update(left.intersection(entry.event.id for each in page if (entry := entry_of(each))))
            if len(page) < _SCAN_PAGE:
                break
            start = f"({as_text(page[-1][0])}"
        return found

    def _first_unhandled(self) -> EntryId:
        """Return the lowest id that the mailer may not have handled; (0, 0) while its group does not exist."""
        groups: Any = self._client.xinfo_groups(MAIL_STREAM) if self._client.exists(MAIL_STREAM) else []
        last_read = next((as_text(each["last-delivered-id"]) for each in groups if _is_mailers(each)), None)
        if last_read is None:
            return 0, 0
        pending: Any = self._client.xpending(MAIL_STREAM, MAILER_GROUP)
        if pending["min"]:
            return id_of(as_text(pending["min"]))
        milliseconds, number = id_of(last_read)
        return milliseconds, number + 1


def id_of(text: str) -> EntryId:
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


def text_of(entry_id: EntryId) -> str:
    return f"{entry_id[0]}-{entry_id[1]}"


def entry_of(raw: RawEntry) -> Entry | None:
    """Return the entry, or None if it is malformed."""
    try:
        return from_fields(*raw)
    except MalformedEvent:
        return None


def _is_mailers(group: dict[str, Any]) -> bool:
    return as_text(group["name"]) == MAILER_GROUP
