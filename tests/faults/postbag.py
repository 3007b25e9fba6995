"""What the mail server took, by event and by recipient; small enough for a run of hours."""

import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.servers.mailbox import Mailbox
from tests.support.servers.received_mail import ReceivedMail
from tests.support.servers.smtp_script import Script, ScriptedFault, Step

_EVENT = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One acceptance; `at` is time.time()."""

    event_id: str
    at: float


class Postbag(Mailbox):
    """Keeps the newest mail of each recipient for the load, and of every mail only that it came."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, list[ReceivedMail]] = defaultdict(list)
        self._arrivals: list[Arrival] = []

    def put(self, mail: ReceivedMail) -> None:
        """Note a mail that is being accepted."""
        found = _EVENT.search(mail.raw)
        assert found, "a mail without a Message-ID of ours"
        with self._changed:
            self._arrivals.append(Arrival(found[1].decode(), time.time()))
            self._newest[mail.to].append(mail)
            self._changed.notify_all()

    def take(self, address: str, subject: str, *, seconds: float) -> ReceivedMail | None:
        """Wait for a mail to the address, and forget all that came before it; None where none comes."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                found = next(
                    (mail for mail in self._newest.get(address, ()) if subject in mail.subject), None
                )
                if found is not None:
                    del self._newest[address]
                    return found
                if not self._changed.wait(deadline - time.monotonic()):
                    return None

    def forget(self, *addresses: str) -> None:
        """Nobody will ask for the mails of these recipients any more."""
        with self._changed:
            for address in addresses:
                self._newest.pop(address, None)

    def arrivals(self) -> Sequence[Arrival]:
        """Return every acceptance, in order."""
        with self._changed:
            return list(self._arrivals)


class RecordingScript(Script):
    """A script that remembers whom it refused for good: what the mailer calls refused must be among them."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    def take(self, step: Step, address: str | None = None) -> ScriptedFault | None:
        """Return what to do, noting final refusals by recipient."""
        act = super().take(step, address)
        if act is not None and act.kind == "refuse" and act.reply.startswith("5") and address:
            self.refused.add(address.casefold())
        return act
