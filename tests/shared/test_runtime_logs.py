"""Log lines contain UTC times and their context, but no secrets."""

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from port_runtime import logs
from port_runtime.log_formats import FORMATS
from port_runtime.secret import MASK, Secret


class Lines(io.StringIO):
    """A stream that parses the lines logged to it."""

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def only(self) -> dict[str, Any]:
        (line,) = self.all()
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = Lines()
    logs.configure("identity", stream=stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before


def test_a_line_begins_with_time_level_service_and_event(lines: Lines) -> None:
    logs.get_logger("identity.http").info("request", status=200)

    line = lines.only()
    assert list(line)[:4] == ["time", "level", "service", "event"]
    assert (line["level"], line["service"], line["event"]) == ("info", "identity", "request")
    assert (line["status"], line["logger"]) == (200, "identity.http")


@pytest.mark.rule("OPS-4", "SEC-9")
@pytest.mark.parametrize(
    ("log_format", "expected"),
    [
        ("logfmt", r'level=info service=mailer event="two\nlines \u001b\u007f\u2028" '),
        ("console", r"info     two\nlines \u001b\u007f\u2028  "),
    ],
)
def test_other_formats_have_the_same_values_and_no_value_forges_a_line(
    lines: Lines, log_format: str, expected: str
) -> None:
    stream = io.StringIO()
    logs.configure("mailer", stream=stream, log_format=log_format)
    values = {"mails": 1, "more": {"a b": [True, None]}, "token": "hidden", "name": "壞"}

    logs.get_logger("x").info("two\nlines \x1b\x7f\u2028", **values)

    same = r'mails=1 more="{\"a b\": [true, null]}" token="**********" name="\u58de" logger=x'
    assert (stream.getvalue().partition(" ")[2], lines.all()) == (f"{expected}{same}\n", [])


@pytest.mark.parametrize("log_format", FORMATS)
def test_an_unmasked_line_equals_that_of_a_logger(lines: Lines, log_format: str) -> None:
    logs.configure("identity", stream=lines, log_format=log_format)
    values: dict[str, str | float] = {"route": "/a/<b>", "status": 200, "ms": 0.5, "request_id": "r-1"}

    with structlog.contextvars.bound_contextvars(request_id="r-1", trace_id="t-1"):
        logs.info("request", **values)
        structlog.get_logger().info("request", **values)

    fast, usual = re.sub(r"[0-9-]{10}T[0-9:.]+Z", "TIME", lines.getvalue()).splitlines()
    assert fast == usual
    assert "TIME" in fast


def test_a_traceback_follows_its_line_on_a_terminal(lines: Lines) -> None:
    logs.configure("mailer", stream=lines, log_format="console")

    logs.get_logger("x").error("failed", exc_info=ValueError("why"))

    assert [line.split()[-1] for line in lines.getvalue().splitlines()] == ["logger=x", "why"]


def test_times_are_in_utc(lines: Lines) -> None:
    logs.get_logger("x").info("now")

    assert datetime.fromisoformat(lines.only()["time"]).tzinfo == UTC


def test_bound_values_are_on_every_line_including_those_of_libraries(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        logs.get_logger("x").info("ours")
        logging.getLogger("dramatiq").warning("theirs %s", 1)

    assert [line["request_id"] for line in lines.all()] == ["r-1", "r-1"]
    assert lines.all()[1]["event"] == "theirs 1"
    assert lines.all()[1]["logger"] == "dramatiq"


def test_a_logger_created_before_the_configuration_uses_it() -> None:
    early = logs.get_logger("early")
    first, second = Lines(), Lines()

    logs.configure("mailer", stream=first)
    early.info("one")
    logs.configure("mailer", stream=second)
    early.info("two")
    structlog.reset_defaults()

    assert [first.only()["event"], second.only()["event"]] == ["one", "two"]


def test_the_level_applies_to_all_loggers(lines: Lines) -> None:
    logs.configure("identity", level="warning", stream=lines)

    logs.get_logger("x").info("quiet")
    logs.info("quiet")
    logging.getLogger("y").info("quiet")
    logs.get_logger("x").warning("loud")

    assert lines.only()["event"] == "loud"


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        logs.configure("identity", level="chatty")


def test_a_traceback_is_part_of_its_line(lines: Lines) -> None:
    try:
        raise RuntimeError("broken")  # noqa: TRY301 - the test needs a traceback
    except RuntimeError:
        logs.get_logger("x").exception("failed")
        logging.getLogger("y").exception("failed")

    assert all("RuntimeError: broken" in line["exception"] for line in lines.all())
    assert len(lines.all()) == 2


def test_no_character_can_break_or_forge_a_line(lines: Lines) -> None:
    logs.get_logger("x").info("two\nlines \x7f \u2028 \ud800 王小明", name="\x1b[31m")

    assert lines.only()["event"] == "two\nlines \x7f \u2028 \ud800 王小明"
    assert lines.getvalue().isascii()
    assert lines.getvalue().removesuffix("\n").isprintable()


def test_warnings_are_logged(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", stacklevel=1)

    assert "old" in lines.only()["event"]


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "value",
    [
        Secret("hush"),
        [Secret("hush")],
        {"inner": {"deeper": (Secret("hush"),)}},
        {"password": "hush"},
        {"headers": {"Authorization": "hush", "Set-Cookie": "hush"}},
        [[[[[[[["hush"]]]]]]]],
        "https://example.tw/email/verify?token=hush",
        "GET /password/reset?x=1&token=hush HTTP/1.1",
        "redis://user:hush@localhost:6379/0",
        "header was Bearer hush",
    ],
)
def test_a_secret_is_masked_in_any_container(lines: Lines, value: object) -> None:
    logs.get_logger("x").info("event", value=value)

    assert "hush" not in lines.getvalue()
    assert MASK in lines.getvalue()


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "token",
        "code",
        "bind_code",
        "link",
        "authorization",
        "cookie",
        "Set-Cookie",
    ],
)
def test_fields_with_secret_names_are_masked(lines: Lines, key: str) -> None:
    logs.get_logger("x").info("event", **{key: "123456"})
    logs.get_logger("x").info("event", **{key: 123456})

    assert "123456" not in lines.getvalue()


@pytest.mark.rule("SEC-9")
def test_a_secret_among_a_librarys_arguments_is_masked(lines: Lines) -> None:
    logging.getLogger("redis").warning("connecting as %s to %s", Secret("hush"), "redis://:hush@host")

    assert "hush" not in lines.getvalue()


def test_numbers_whose_name_ends_in_code_are_not_masked(lines: Lines) -> None:
    logs.get_logger("x").info(
        "event", status_code=404, error_code="not_found", link_account_id="a", none=None
    )

    line = lines.only()
    assert (line["status_code"], line["error_code"], line["link_account_id"]) == (404, "not_found", "a")


@pytest.mark.rule("SEC-9")
def test_the_character_that_an_encoding_error_quotes_is_masked(lines: Lines) -> None:
    for codec, text in (("ascii", "hush密"), ("ascii", "é"), ("big5", "é")):
        try:
            text.encode(codec)
        except UnicodeError as error:
            logs.get_logger("x").exception("failed", reason=str(error))

    assert not re.search(r"u5bc6|xe9", lines.getvalue())
