"""The mails that the tests' SMTP server accepted."""

import threading
import time

from tests.support.servers.received_mail import ReceivedMail


class Mailbox:
    """All accepted mails of all recipients, in order. Thread-safe."""

    def __init__(self) -> None:
        self._mails: list[ReceivedMail] = []
        self._changed = threading.Condition()

    def put(self, mail: ReceivedMail) -> None:
        """Add a mail and wake waiting threads."""
        with self._changed:
            self._mails.append(mail)
            self._changed.notify_all()

    def all(self, address: str | None = None, subject_contains: str | None = None) -> list[ReceivedMail]:
        """Return the mails to `address` (in any case) whose subject contains the text, oldest first."""
        with self._changed:
            return self._matching(address, subject_contains)

    def count(self, address: str | None = None, subject_contains: str | None = None) -> int:
        return len(self.all(address, subject_contains))

    def clear(self) -> None:
        with self._changed:
            self._mails.clear()

    def wait_for(
        self,
        address: str | None = None,
        subject_contains: str | None = None,
        count: int = 1,
        timeout: float = 30,
    ) -> list[ReceivedMail]:
        """Wait until `count` mails match; return all that match. Raises AssertionError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while len(found := self._matching(address, subject_contains)) < count:
                if not self._changed.wait(deadline - time.monotonic()):
                    received = [(mail.to, mail.subject) for mail in self._mails]
                    expected = f"{count} mail(s) to {address}, subject with {subject_contains!r}"
                    raise AssertionError(f"waited {timeout:g} s for {expected}; received: {received}")
            return found

    def _matching(self, address: str | None, subject_contains: str | None) -> list[ReceivedMail]:
        return [
            mail
            for mail in self._mails
            if (address is None or mail.to.casefold() == address.casefold())
            and (subject_contains is None or subject_contains in mail.subject)
        ]
