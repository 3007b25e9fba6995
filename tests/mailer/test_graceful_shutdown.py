"""A mailer that receives SIGTERM finishes the mails that it is sending, and releases the others (MAIL-7)."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from port_events.envelope import MAIL_STREAM

from tests.mailer.harness import MailerHarness, mailer_process

pytestmark = pytest.mark.processes

_STOP_SECONDS = 20.0
"""Less than the 25 s that a stopping mailer waits for its mails."""


@pytest.mark.rule("MAIL-7")
def test_a_stopping_mailer_finishes_and_releases_the_rest(harness: MailerHarness, tmp_path: Path) -> None:
    with mailer_process(harness, tmp_path, MAILER_THREADS="2") as stopped:
        harness.request_many(300)
        harness.smtp.mailbox.wait_for(count=5)
        os.kill(stopped.pid, signal.SIGTERM)
        assert stopped.wait(_STOP_SECONDS) == 0
    members: Any = harness.client.xinfo_consumers(MAIL_STREAM, "mailer")
    queues = harness.client.keys("mailer:queue:*")

    harness.start_mailer(MAILER_LEASE="300")

    harness.smtp.mailbox.wait_for(count=300, timeout=20)
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 300
    assert {member["name"] for member in members} <= {"handed-back"}
    assert queues == []


@pytest.mark.rule("MAIL-7")
def test_a_stopping_mailer_does_not_wait_for_a_silent_redis(harness: MailerHarness, tmp_path: Path) -> None:
    with mailer_process(harness, tmp_path) as stopped:
        harness.request_many(1)
        harness.smtp.mailbox.wait_for(count=1)
        harness.wait_until_finished()

        harness.redis_server.pause()
        try:
            os.kill(stopped.pid, signal.SIGTERM)
            code = stopped.wait(_STOP_SECONDS)
        finally:
            harness.redis_server.resume()

    assert code == 0
    assert "mailer_left_in_haste" in stopped.output
