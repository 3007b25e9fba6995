"""What a mailed link would do, told without doing it: mail scanners open links too (VER-2)."""

from identity.domain.link import Purpose
from identity.usecases.ports import Ports
from identity.usecases.verification import Confirmation, read_link, resolve_challenge


def preview(ports: Ports, token: str) -> Confirmation:
    """Return what `verification.confirm` would be asked for, or what it has done already.

    Whether the mailbox is taken is told to who confirms, not to who looks. Raises LinkInvalid, LinkExpired,
    LinkSuperseded.
    """
    purpose, account_id, value = read_link(ports, token, Purpose.REGISTRATION, Purpose.EMAIL_CHANGE)
    account = ports.queries.account(account_id)
    with ports.unit_of_work() as uow:
        found = account, uow.links.get(account_id, purpose)
    account, _, already = resolve_challenge(found, purpose, value=value, now=ports.clock.now())
    return Confirmation(account, purpose, already=already)
