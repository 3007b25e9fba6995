"""A failover of Redis loses and repeats no mail, even if writes are lost or commands reach the old primary."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from port_events.envelope import MAIL_STREAM

from mailer.adapters.redis.stream import GROUP
from tests.mailer.harness import MailerHarness
from tests.support.harness.polling import wait_until
from tests.support.servers.lifecycle import started
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer
from tests.support.servers.tcp_proxy import Proxy


class Pair:
    """A primary and its replica behind one address."""

    def __init__(self, stack: ExitStack, old: RedisServer) -> None:
        self.old = old
        self.new = stack.enter_context(started(RedisServer()))
        self.new.follow(old)
        self.address = stack.enter_context(started(Proxy(old.port)))

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.address.port}/0"

    def promote(self) -> None:
        """Promote the replica. Later writes to the old primary are lost."""
        with self.new.client() as client:
            client.replicaof("NO", "ONE")

    def redirect(self, *, drop: Callable[[dict[str, Any]], bool] = lambda _client: True) -> None:
        """Direct new connections to the new primary; close the open connections that `drop` selects in CLIENT LIST."""
        self.address.target_port = self.new.port
        with self.old.client() as client:
            clients: Any = client.client_list()
            own = client.client_id()
            for each in clients:
                if int(each["id"]) != own and drop(each):
                    client.client_kill_filter(_id=each["id"])

    def demote(self) -> None:
        """Make the old primary a replica of the new primary; its connections stay open."""
        self.address.target_port = self.new.port
        with self.old.client() as client:
            client.replicaof("127.0.0.1", str(self.new.port))


@pytest.fixture
def pair(redis_server: RedisServer) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(stack, redis_server)
        with redis_server.client() as client:
            client.replicaof("NO", "ONE")


@pytest.fixture
def harness(pair: Pair, smtp_server: SmtpServer) -> Iterator[MailerHarness]:
    harness = MailerHarness(pair.old, smtp_server, redis_url=pair.url)
    yield harness
    harness.close()


def start_two_mailers(harness: MailerHarness, **over: str) -> None:
    """Start two mailers; return when both are members of the group."""
    for _ in range(2):
        harness.start_mailer(**over)

    def members() -> int:
        found: Any = harness.client.xinfo_consumers(MAIL_STREAM, GROUP)
        return len(found)

    wait_until(lambda: harness.client.exists(MAIL_STREAM) and members() == 2, what="two mailers")


def expect_each_mail_once(harness: MailerHarness, count: int) -> None:
    """Check the mailbox after every entry has become final on the current primary."""
    harness.client.connection_pool.disconnect()
    harness.smtp.mailbox.wait_for(count=count, timeout=20)
    wait_until(lambda: len(harness.receipts()) == count, what="the receipts", timeout_seconds=20)
    harness.wait_until_finished(timeout_seconds=20)
    assert harness.smtp.mailbox.count() == count


@pytest.mark.rule("OPS-7", "MAIL-3")
def test_a_mail_on_the_new_primary_is_not_lost_because_the_old_primary_lacks_it(
    harness: MailerHarness, pair: Pair
) -> None:
    harness.start_mailer()
    harness.request("before@example.com")
    harness.smtp.mailbox.wait_for("before@example.com")
    harness.wait_until_finished()

    pair.promote()
    pair.redirect(drop=lambda client: client["cmd"] == "xreadgroup")
    harness.client.connection_pool.disconnect()
    harness.request_many(3)

    expect_each_mail_once(harness, 4)


LEAVE = {"dropped": Pair.redirect, "demoted": Pair.demote}


@pytest.mark.rule("OPS-7", "MAIL-3")
@pytest.mark.parametrize("leave", LEAVE.values(), ids=LEAVE)
def test_a_mail_is_not_sent_again_when_its_delivery_claim_and_record_are_lost(
    harness: MailerHarness, pair: Pair, leave: Callable[[Pair], None]
) -> None:
    harness.request_many(3)
    wait_until(lambda: _length(pair.new) == 3, what="the replica")
    pair.promote()
    start_two_mailers(harness)
    harness.smtp.mailbox.wait_for(count=3)
    harness.wait_until_finished()

    leave(pair)

    expect_each_mail_once(harness, 3)


@pytest.mark.rule("OPS-7", "MAIL-3")
@pytest.mark.parametrize("leave", LEAVE.values(), ids=LEAVE)
def test_a_mail_is_not_sent_again_when_only_its_record_is_lost(
    harness: MailerHarness, pair: Pair, leave: Callable[[Pair], None]
) -> None:
    harness.smtp.hold(at="rcpt", times=None)
    start_two_mailers(harness, MAILER_LEASE="5")
    harness.request_many(3)
    wait_until(lambda: harness.smtp.script.reached["rcpt"] >= 3, what="mails in progress")
    wait_until(lambda: _pending(pair.new) == 3, what="the replica")
    pair.promote()
    harness.smtp.reset()
    harness.smtp.release()
    harness.smtp.mailbox.wait_for(count=3)
    harness.wait_until_finished()

    leave(pair)

    expect_each_mail_once(harness, 3)


@pytest.mark.rule("OPS-7", "MAIL-3")
@pytest.mark.parametrize("leave", LEAVE.values(), ids=LEAVE)
def test_a_mail_in_progress_is_sent_by_one_mailer_when_its_claim_is_lost(
    harness: MailerHarness, pair: Pair, leave: Callable[[Pair], None]
) -> None:
    harness.request_many(3)
    wait_until(lambda: _length(pair.new) == 3, what="the replica")
    pair.promote()
    harness.smtp.hold(at="rcpt", times=None)
    start_two_mailers(harness, MAILER_LEASE="5")
    wait_until(lambda: harness.smtp.script.reached["rcpt"] >= 3, what="mails in progress")

    leave(pair)
    wait_until(lambda: _pending(pair.new) == 3, what="the mails to be read again")
    harness.smtp.reset()
    harness.smtp.release()

    expect_each_mail_once(harness, 3)


def _length(server: RedisServer) -> int:
    with server.client() as client:
        return int(client.xlen(MAIL_STREAM))


def _pending(server: RedisServer) -> int:
    with server.client() as client:
        groups: Any = client.xinfo_groups(MAIL_STREAM)
        return sum(int(each["pending"]) for each in groups)
