"""Runs a command of the product with short validities, an advanced clock, or one protection switched off.

    python -m tests.faults.altered_commands --lifetime 60 --ahead 45 --without ledger -- mailer run

The options patch the product, which has no such options.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final


def main() -> None:
    options, command = _options()
    if options.lifetime:
        shorten_lifetimes(timedelta(seconds=options.lifetime))
    if options.ahead:
        advance_clock(timedelta(seconds=options.ahead))
    if options.without:
        WITHOUT[options.without]()
    _module(f"{command[0]}.cli").main(args=command[1:], prog_name=command[0])


def shorten_lifetimes(lifetime: timedelta) -> None:
    """Set the validity of links, codes and notices, so that they expire within the run."""
    links, codes, notices = map(
        _module, ("identity.domain.mail_link", "identity.domain.bind_code", "identity.domain.mail")
    )
    links.Purpose.lifetime = property(lambda _: lifetime)
    codes.LIFETIME = notices.NOTICE_LIFETIME = lifetime


def advance_clock(ahead: timedelta) -> None:
    """Advance the product's clock; time.time() stays right."""
    for name in ("identity.adapters.clock", "mailer.adapters.clock"):
        _module(name).SystemClock.now = lambda _: datetime.now(UTC) + ahead


def _without_outbox() -> None:
    """Commit the change before its events, like a service without an outbox."""

    def commit(work: Any) -> None:
        events, work.outbox._rows = work.outbox._rows, []  # noqa: SLF001 - the outbox has no method for this
        work._session.commit()  # noqa: SLF001 - likewise
        time.sleep(0.05)
        work.outbox._rows = events  # noqa: SLF001 - likewise
        work.outbox.write()
        work._session.commit()  # noqa: SLF001 - likewise

    _module("identity.adapters.sql.unit_of_work").SqlUnitOfWork.commit = commit


def _without_ledger() -> None:
    """Grant every claim, even for a mail that was sent before, and treat no claim as lost."""
    granted = _module("mailer.usecases.delivery_ports").ClaimGranted
    ledger = _module("mailer.adapters.redis.delivery_ledger").RedisLedger
    ledger.claim_all = lambda _, entries: [granted(each.event.id, "x", 0) for each in entries]
    ledger.owns = lambda *_: True


def _without_lease() -> None:
    """Never let a claim expire."""
    ledger, expiry = _module("mailer.adapters.redis.delivery_ledger"), "tonumber(r[2]) > server_now then"
    assert expiry in ledger.CLAIM, "the ledger's script has changed; adapt this switch"
    ledger.CLAIM = ledger.CLAIM.replace(expiry, "true then")


def _without_epoch() -> None:
    """Skip the events that Redis has lost, instead of publishing them again."""
    relay = _module("identity.processes.relay")
    publish = relay.publish

    def publish_new_events(outbox: Any, stream: Any, now: datetime, *, retention: timedelta) -> int:
        checkpoint, newest = stream.checkpoint(outbox.epoch()), outbox.newest_position()
        if (checkpoint.position or 0) < newest:
            stream.publish([], expected=checkpoint, position=newest)
        return int(publish(outbox, stream, now, retention=retention))

    relay.publish = publish_new_events


def _without_logout_lease() -> None:
    """Record a logout notification as delivered before it is sent."""
    logouts = _module("identity.adapters.sql.backchannel_logouts").SqlLogouts
    lease = logouts.lease

    def settling(self: Any, client: str, now: datetime, *, until: datetime) -> Any:
        logout = lease(self, client, now, until=until)
        if logout is not None:
            self.settle(logout, "told", now)
        return logout

    logouts.lease = settling


def _module(module: str) -> Any:
    """Import a module as Any, so that mypy accepts the patches."""
    return import_module(module)


WITHOUT: Final[dict[str, Callable[[], None]]] = {
    "outbox": _without_outbox,
    "ledger": _without_ledger,
    "lease": _without_lease,
    "epoch": _without_epoch,
    "logout lease": _without_logout_lease,
}
"""Protections that can be switched off, to prove that the harness reports the consequences."""


def _options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="tests.faults.altered_commands", description=__doc__)
    parser.add_argument(
        "--lifetime", type=float, default=0, help="validity of links, codes and notices in seconds"
    )
    parser.add_argument("--ahead", type=float, default=0, help="seconds to advance the clock")
    parser.add_argument("--without", choices=WITHOUT)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    return options, options.command


if __name__ == "__main__":
    main()
