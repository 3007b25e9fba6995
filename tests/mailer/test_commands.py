"""The command `mailer`: output, errors and exit codes."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from port_runtime import health

from mailer.adapters import mail_texts, template_loader
from mailer.adapters.redis import server_checks
from mailer.domain.mail_kinds import MAILS
from tests.mailer.commands import run_command
from tests.mailer.harness import MailerHarness
from tests.support.browser.text_normalization import visible_text
from tests.support.harness.processes import Program, run_preloaded
from tests.support.servers.optional_programs import DEBIAN_REDIS
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer

pytestmark = pytest.mark.processes


def mailer(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return run_preloaded("mailer", *arguments, environment=environ)


COMMANDS = [
    "",
    "run",
    "preview",
    "send-test",
    "check",
    "settings",
    "queue",
    "queue pause",
    "queue resume",
    "dead",
]


@pytest.mark.parametrize("command", [*COMMANDS, "dead list", "dead show", "dead retry", "dead drop"])
def test_every_command_has_help(command: str) -> None:
    result = run_preloaded("mailer", *command.split(), "--help", environment={})

    assert result.returncode == 0
    assert "Usage: mailer" in result.stdout


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize("command", ["run", "check", "send-test a@example.com", "queue", "dead list"])
def test_a_wrong_setting_exits_with_2_and_one_line(harness: MailerHarness, command: str) -> None:
    result = run_preloaded("mailer", *command.split(), environment=harness.environ(MAILER_THREADS="many"))

    assert result.returncode == 2
    assert result.stderr == "MAILER_THREADS: must be a whole number from 1 to 64\n"


@pytest.mark.rule("MAIL-6")
def test_a_broken_template_exits_with_2_and_is_named(harness: MailerHarness, tmp_path: Path) -> None:
    (tmp_path / "bind_code").mkdir()
    (tmp_path / "bind_code" / "body.html").write_text("{{ nothing }}", encoding="utf-8")

    result = mailer("run", **harness.environ(MAILER_TEMPLATE_DIR=str(tmp_path)))

    assert result.returncode == 2
    assert result.stderr.startswith("template bind_code/body.html: ")


@pytest.mark.rule("MAIL-5", "MAIL-6")
def test_a_missing_template_exits_with_2_and_is_named(
    harness: MailerHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incomplete = tmp_path / "zh_TW"
    shutil.copytree(mail_texts.BUILT_IN, incomplete)
    (incomplete / "bind_code" / "subject.txt").unlink()
    monkeypatch.setattr(template_loader, "BUILT_IN", incomplete)

    result = run_command(harness, "run")

    assert result.exit_code == 2
    assert result.stderr == "template bind_code/subject.txt: there is no such template\n"
    assert harness.client.keys("*") == []


@pytest.mark.rule("MAIL-6")
def test_one_mail_is_previewed_with_sample_data_without_any_setting() -> None:
    text, html = mailer("preview", "bind_code"), mailer("preview", "bind_code", "--html")

    assert text.stdout.startswith("Subject: 鏈結帳號綁定驗證碼通知\n")
    assert "314159" in text.stdout
    assert html.stdout.startswith("<!DOCTYPE html>")


@pytest.mark.rule("MAIL-6")
def test_all_previews_are_written_to_a_directory(tmp_path: Path) -> None:
    result = mailer("preview", "--out", str(tmp_path / "previews"))

    written = {path.name for path in (tmp_path / "previews").iterdir()}
    assert result.returncode == 0
    assert {f"{name}.{form}" for name in MAILS for form in ("html", "txt")} <= written


@pytest.mark.rule("MAIL-6")
def test_previews_are_printed_as_json() -> None:
    listed = json.loads(mailer("preview", "--json").stdout)

    assert MAILS.keys() <= listed.keys()
    assert listed["bind_code"].keys() == {"subject", "text", "html"}


@pytest.mark.rule("MAIL-6")
def test_a_preview_shows_an_operators_own_text(tmp_path: Path) -> None:
    (tmp_path / "bind_code").mkdir()
    (tmp_path / "bind_code" / "subject.txt").write_text("自訂主旨", encoding="utf-8")

    result = mailer("preview", "bind_code", MAILER_TEMPLATE_DIR=str(tmp_path))

    assert result.stdout.startswith("Subject: 自訂主旨\n")


@pytest.mark.rule("MAIL-6")
def test_a_test_mail_is_sent(harness: MailerHarness) -> None:
    result = mailer("send-test", "ming@example.com", "password_reset", **harness.environ())

    (mail,) = harness.smtp.mailbox.all("ming@example.com")
    assert result.returncode == 0
    assert mail.subject == "【測試】通行證系統密碼重設通知"
    assert mail.text.startswith("※本信為測試信，")
    assert visible_text(mail.html).index("本信為測試信") < visible_text(mail.html).index("錢大明")


@pytest.mark.rule("MAIL-6")
def test_a_test_mail_with_an_operators_own_text_is_marked_as_a_test_too(
    harness: MailerHarness, tmp_path: Path
) -> None:
    (tmp_path / "approved").mkdir()
    (tmp_path / "approved" / "body.html").write_text("<p>自訂</p>", encoding="utf-8")

    mailer("send-test", "ming@example.com", "approved", **harness.environ(MAILER_TEMPLATE_DIR=str(tmp_path)))

    (mail,) = harness.smtp.mailbox.all("ming@example.com")
    assert visible_text(mail.html).startswith("※本信為測試信")


def test_a_refused_test_mail_shows_the_servers_reply(harness: MailerHarness) -> None:
    harness.smtp.refuse(text="5.1.1 Nobody here")

    result = mailer("send-test", "ming@example.com", **harness.environ())

    assert result.returncode == 1
    assert "5.1.1 Nobody here" in result.stderr


def test_check_succeeds_when_everything_is_available(harness: MailerHarness) -> None:
    result = mailer("check", "--json", **harness.environ())

    assert json.loads(result.stdout) == {
        "ok": True,
        "results": {"templates": "ok", "redis": "ok", "smtp": "ok"},
    }
    assert result.returncode == 0


def test_check_names_unavailable_servers(harness: MailerHarness) -> None:
    harness.smtp.stop()

    result = mailer("check", **harness.environ())

    assert result.returncode == 1
    assert "smtp: ConnectionRefusedError" in result.stdout
    assert "redis: ok" in result.stdout


@pytest.mark.rule("OPS-5")
def test_a_check_waits_for_the_mail_server(harness: MailerHarness, tmp_path: Path) -> None:
    harness.smtp.stop()
    check = Program("mailer", "check", "--wait", "2m", environment=harness.environ(), directory=tmp_path)
    check.wait_for("waiting for smtp")
    harness.smtp.start()

    assert check.wait() == 0


def test_check_warns_about_an_old_redis(
    start_redis: Callable[..., RedisServer], smtp_server: SmtpServer
) -> None:
    harness = MailerHarness(start_redis(program=DEBIAN_REDIS.require()), smtp_server)

    checked = run_command(harness, "check")
    harness.close()

    assert checked.exit_code == 0
    assert checked.stderr.startswith("warning: Redis is 7.0.")


@pytest.mark.rule("OPS-5")
def test_a_waiting_check_warns_once_about_an_old_redis(
    harness: MailerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_twice(checks: Sequence[health.Check], **_options: object) -> health.Report:
        health.run_checks(checks)
        return health.run_checks(checks)

    monkeypatch.setattr(server_checks, "OLDEST_ADVISED", (999, 0))
    monkeypatch.setattr(health, "wait_until_healthy", check_twice)

    result = run_command(harness, "check")

    assert (result.exit_code, result.stderr.count("newer is advised")) == (0, 1)


def test_check_of_templates_needs_no_setting() -> None:
    assert mailer("check", "--templates").stdout == "templates: ok\n"


@pytest.mark.rule("OPS-5")
def test_settings_are_listed() -> None:
    listed = json.loads(mailer("settings", "--json").stdout)

    assert {"MAILER_SMTP_URL", "MAILER_FROM", "MAILER_TEMPLATE_DIR"} <= {each["name"] for each in listed}


def test_commands_print_on_terminals_without_chinese(harness: MailerHarness) -> None:
    run_command(harness, "queue", "pause", "--reason", "𠮷先生維修", charset="utf-8")
    commands = [
        ("preview",),
        ("preview", "--html"),
        ("queue",),
        ("dead", "list"),
        ("settings",),
        ("check", "--templates"),
    ]

    as_text = [run_command(harness, *command, charset="cp950") for command in commands]
    as_json = [run_command(harness, *command, "--json", charset="cp950") for command in commands]

    assert [ended.exit_code for ended in as_text + as_json] == [0] * 2 * len(commands)
    assert "?先生維修" in as_text[2].stdout
    assert all(ended.stdout.isascii() and json.loads(ended.stdout) is not None for ended in as_json)
