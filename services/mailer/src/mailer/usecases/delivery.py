"""One entry of the stream to one mail: claim, choose, render, send, record (MAIL-3, MAIL-4)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from port_runtime.logs import get_logger

from mailer.domain.attempt import UNREADABLE, State, without_secrets
from mailer.domain.catalogue import choose, refuse_incomplete
from mailer.domain.errors import (
    AbandonedError,
    CeilingError,
    HeldError,
    NotSentError,
    NotYetError,
    UnreadableError,
)
from mailer.domain.links import refuse_foreign_links
from mailer.domain.mail import Mail, Mailbox
from mailer.domain.waits import wait_seconds
from mailer.usecases.ports import Ending, Granted, NotNow, Over

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from port_events.envelope import Entry

    from mailer.domain.catalogue import MailKind
    from mailer.usecases.ports import (
        Clock,
        Ledger,
        Letter,
        Letters,
        Meter,
        Postbox,
        Rendered,
        Renderer,
        Turns,
    )

log = get_logger("mailer.delivery")


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do for this entry."""


@dataclass(frozen=True, slots=True)
class Later:
    """To be tried again at `due`."""

    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The use case with its ports; safe between threads when they are."""

    clock: Clock
    ledger: Ledger
    letters: Letters
    renderer: Renderer
    postbox: Postbox
    turns: Turns
    meter: Meter
    held: Callable[[], bool]
    public_url: str
    chance: Callable[[], float] = field(default=random.random)

    def deliver(self, entry: Entry, grant: Granted | None = None) -> Done | Later:
        """Send the entry's mail unless that was done, is being done, is not due, or must not be."""
        claim = grant or self.ledger.claim(entry)
        if isinstance(claim, Over):
            self.ledger.leave(entry.id)
            return Done()
        if isinstance(claim, NotNow):
            return Later(self._in(claim.seconds))
        try:
            return self._attempt(entry, claim)
        except Exception:  # a fault of ours, as in a template: let go of the claim, so that it can be mended
            log.exception("delivery_failed")
            return self._give_up_for_now(claim)

    def _attempt(self, entry: Entry, grant: Granted) -> Done | Later:
        expires_at, kind = self.clock.now(), None
        try:
            kind = choose(entry.event.type, entry.event.data)
            letter = self.letters.open(entry)
            expires_at = letter.expires_at
            ending = self._send(entry, kind, letter, grant)
        except UnreadableError as error:
            log.error("mail_unreadable", type=entry.event.type, reason=error.reason)  # noqa: TRY400 - not a fault of ours
            ending = self._ending(State.REFUSED, UNREADABLE, error.reason)
        except NotSentError as error:
            if not error.verdict.permanent:
                return self._put_off(grant, error, expires_at=expires_at)
            log.warning("mail_refused", category=error.verdict.category, rule=error.verdict.rule)
            ending = self._ending(State.REFUSED, error.verdict.category, error.words)
        except AbandonedError:  # taken over, or Redis could not be asked: the ledger will say
            log.warning("mail_abandoned")
            self.ledger.let_go(grant)
            return Later(self.clock.now())
        except HeldError as error:  # the ledger lets it go at once, whoever sees first that the queue goes on
            self.meter.put_off("paused")
            self.ledger.put_off(grant, due=self.clock.now(), failed=False)
            return Later(error.retry_at)
        except NotYetError as error:
            self.meter.put_off("ceiling" if isinstance(error, CeilingError) else "server_away")
            self.ledger.put_off(grant, due=error.retry_at, failed=False)
            return Later(error.retry_at)
        self.ledger.close(entry, grant, ending)
        self.meter.ended(kind.name if kind else None, ending.state, after=ending.at - entry.event.time)
        return Done()

    def _send(self, entry: Entry, kind: MailKind, letter: Letter, grant: Granted) -> Ending:
        now = self.clock.now()
        if letter.expires_at <= now:
            return self._expired(kind, letter)
        refuse_incomplete(kind, letter.content)
        refuse_foreign_links(letter.content, self.public_url, name=letter.name)
        mail = _mail(entry.event.id, letter, self.renderer.render(kind, letter), date=now)
        self._await_turn(mail, expires_at=letter.expires_at)
        try:
            self.postbox.send(mail, may_go=lambda: self._may_go(letter, grant))
        except AbandonedError:
            if self.clock.now() < letter.expires_at:
                raise
            return self._expired(kind, letter)
        log.info("mail_sent", mail=kind.name)
        return Ending(State.SENT, self.clock.now())

    def _may_go(self, letter: Letter, grant: Granted) -> bool:
        """Look once more before the message leaves: a frozen process, or a slow server, may have slept over both."""
        return self.clock.now() < letter.expires_at and self.ledger.holds(grant)

    def _expired(self, kind: MailKind, letter: Letter) -> Ending:
        log.warning("mail_expired", mail=kind.name, expired_at=letter.expires_at.isoformat())
        return Ending(State.EXPIRED, self.clock.now())

    def _await_turn(self, mail: Mail, *, expires_at: datetime) -> None:
        """Raise HeldError or CeilingError when the mail is not to go now, before the mail server hears of it."""
        if self.held():
            raise HeldError("paused", expires_at)
        turn = self.turns.ask(mail.event_id, mail.to.domain, expires_at=expires_at)
        if turn is not None:
            log.info("mail_over_ceiling", domain=mail.to.domain, turn=turn.isoformat())
            raise CeilingError("over the ceiling", min(turn, self._in(self._wait("ceiling", 1)), expires_at))

    def _put_off(self, grant: Granted, error: NotSentError, *, expires_at: datetime) -> Later:
        """Wait within the mail's validity: at its end the next look notes the expiry (MAIL-4)."""
        tries = grant.tries + 1
        due = min(self._in(self._wait(error.verdict.category, tries)), expires_at)
        self.meter.put_off(error.verdict.category)
        log.warning("mail_put_off", category=error.verdict.category, rule=error.verdict.rule, tries=tries)
        self.ledger.put_off(grant, due=due, failed=True)
        return Later(due)

    def _give_up_for_now(self, grant: Granted) -> Later:
        due = self._in(self._wait("fault", grant.tries + 1))
        self.meter.put_off("fault")
        self.ledger.put_off(grant, due=due, failed=True)
        return Later(due)

    def _ending(self, state: State, category: str, words: str) -> Ending:
        return Ending(state, self.clock.now(), category, without_secrets(words))

    def _wait(self, reason: str, failures: int) -> float:
        return wait_seconds(reason, failures, chance=self.chance())

    def _in(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)


def _mail(event_id: str, letter: Letter, rendered: Rendered, *, date: datetime) -> Mail:
    return Mail(
        event_id=event_id,
        to=Mailbox(letter.address, letter.name),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        date=date,
    )
