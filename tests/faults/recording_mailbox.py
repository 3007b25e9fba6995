"""Records accepted mails by event and recipient, with little memory because runs are long."""

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
    """A mail accepted at `at` (time.time()). `event_id` is from its Message-ID."""

    event_id: str
    at: float


class RecordingMailbox(Mailbox):
    """Keeps the arrival of every mail, and its content until `take` or `discard`."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, list[ReceivedMail]] = defaultdict(list)
        self._arrivals: list[Arrival] = []

    def put(self, mail: ReceivedMail) -> None:
        found = _EVENT.search(mail.raw)
        assert found, "the mail has no Message-ID of the mailer"
        with self._changed:
            self._arrivals.append(Arrival(found[1].decode(), time.time()))
            self._newest[mail.to].append(mail)
            self._changed.notify_all()

    def take(self, address: str, subject: str, *, seconds: float) -> ReceivedMail | None:
        """Wait for a mail whose subject contains `subject`; return it and discard all mails to the address.

        On time-out, return None and discard nothing.
        """
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

    def discard(self, *addresses: str) -> None:
        with self._changed:
            for address in addresses:
                self._newest.pop(address, None)

    def arrivals(self) -> Sequence[Arrival]:
        with self._changed:
            return list(self._arrivals)


class RecordingScript(Script):
    """An SMTP script that records permanently refused recipients, in lower case."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    def take(self, step: Step, address: str | None = None) -> ScriptedFault | None:
        act = super().take(step, address)
        if act is not None and act.kind == "refuse" and act.reply.startswith("5") and address:
            self.refused.add(address.casefold())
        return act
