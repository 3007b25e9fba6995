"""Copies mails from the event stream, where relays of the previous release publish them, to `identity.mails` (EVT-7).

A copy keeps the entry id of its original, because dead letters refer to it. Mails without a copy have higher ids than
all entries of `identity.mails`: a relay appends each mail there before it appends the event to the event stream, and
ids in Redis only increase. Therefore only later entries need a copy. The next release needs no copies.
"""

from collections.abc import Callable, Collection
from typing import Any

from port_events.consumer_group import RawEntry
from port_events.envelope import MAIL_STREAM, as_text
from redis import Redis

from identity.adapters.mail_stream_trimming import entry_of, id_of, text_of
from identity.adapters.relay_checkpoint import RedisCheckpoint
from identity.usecases.ports.stream import Checkpoint

_PAGE = 1000


class MailCopies:
    """The copies that one relay makes. Raises redis.RedisError."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._stream = stream
        self._checkpoint = RedisCheckpoint(client, stream)
        self._done_at: int | None = None

    def record_published(self, position: int) -> None:
        """Record that this relay moved the checkpoint: no mail needs a copy until another relay moves it."""
        self._done_at = position

    def forget(self) -> None:
        """Make the next `make` search again: Redis may have lost copies, for example in a crash."""
        self._done_at = None

    def make(self, expected: Checkpoint, choose: Callable[[Collection[str]], Collection[str]]) -> int:
        """Copy the mails of the events that `choose` returns; return their number. Raises ConcurrentPublish."""
        if expected.stored in {None, self._done_at}:
            return 0
        copied, after = 0, "0-0"
        while after:
            of_page, after = self._copy_page(expected, after, choose)
            copied += of_page
        self._done_at = expected.stored
        return copied

    def _copy_page(
        self, expected: Checkpoint, after: str, choose: Callable[[Collection[str]], Collection[str]]
    ) -> tuple[int, str]:
        """Copy the mails of one page; return their number and the id after which the next page starts, or ''."""
        with self._checkpoint.watching(expected) as pipeline:
            newest: Any = (
                pipeline.xinfo_stream(MAIL_STREAM)["last-generated-id"]
                if pipeline.exists(MAIL_STREAM)
                else "0-0"
            )
            start = max(id_of(after), id_of(as_text(newest)))
            page: Any = pipeline.xrange(self._stream, f"({text_of(start)}", count=_PAGE)
            mails = [(event_id, *raw) for raw in page if (event_id := _mailed_event(raw))]
            chosen = choose({event_id for event_id, *_ in mails}) if mails else ()
            copies = [(entry_id, fields) for event_id, entry_id, fields in mails if event_id in chosen]
            pipeline.multi()
            for entry_id, fields in copies:
                pipeline.xadd(MAIL_STREAM, fields, id=entry_id)
            key = self._checkpoint.key(expected.epoch)
            pipeline.set(key, str(expected.stored))  # this write makes other relays' transactions fail
        return len(copies), as_text(page[-1][0]) if len(page) == _PAGE else ""


def _mailed_event(raw: RawEntry) -> str | None:
    """Return the event id of an entry with a sealed part, or None for other entries."""
    entry = entry_of(raw)
    return entry.event.id if entry and entry.sealed is not None else None
