"""Settings are read from the environment; each error is a line that names its variable."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest
from port_runtime.secret import Secret
from port_runtime.setting_parsers import (
    HostPort,
    Network,
    choice,
    host_port,
    integer,
    networks,
    seconds,
    secret_list,
    secret_url,
    switch,
    text,
    url,
)
from port_runtime.settings import SettingDoc, SettingsError, describe, exit_on_error, load, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    bind: HostPort = setting("X_BIND", parse=host_port, default="127.0.0.1:8000", doc="address and port")
    keys: tuple[Secret, ...] = setting("X_KEYS", parse=secret_list, doc="signing keys, newest first")
    redis: Secret = setting("X_REDIS_URL", parse=secret_url("redis", "unix"), doc="where the stream is")
    mode: str = setting("X_MODE", parse=choice("production", "local"), default="local", doc="mode")
    proxies: tuple[Network, ...] = setting("X_PROXIES", parse=networks, default="", doc="trusted")
    reply_to: str | None = setting("X_REPLY_TO", parse=text, default=None, doc="reply address")

    def errors(self) -> Iterator[str]:
        if self.mode == "production" and self.bind.host == "127.0.0.1":
            yield "X_BIND: must not be loopback in production"


NEEDED = {"X_KEYS": "key-one,key-two", "X_REDIS_URL": "redis://user:pass-word@host:6379/0"}


def environment(**changes: str) -> Mapping[str, str]:
    return {**NEEDED, **changes}


def errors_of(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(Settings, environ)
    return caught.value.errors


def test_unset_variables_have_their_defaults() -> None:
    settings = load(Settings, environment())

    assert settings.bind == HostPort("127.0.0.1", 8000)
    assert settings.proxies == ()
    assert settings.reply_to is None
    assert [key.reveal() for key in settings.keys] == ["key-one", "key-two"]


def test_an_empty_variable_counts_as_unset() -> None:
    settings = load(Settings, environment(X_MODE="", X_REPLY_TO=""))

    assert (settings.mode, settings.reply_to) == ("local", None)
    assert errors_of(environment(X_KEYS="")) == ["X_KEYS: must be set"]


@pytest.mark.rule("OPS-5")
def test_all_errors_are_reported_at_once_each_with_its_variable() -> None:
    faults = errors_of({"X_BIND": "nowhere", "X_MODE": "test", "X_PROXIES": "10.0.0.0/8,x"})

    assert faults == [
        "X_BIND: must be host:port",
        "X_KEYS: must be set",
        "X_REDIS_URL: must be set",
        "X_MODE: must be one of: production, local",
        "X_PROXIES: must be networks separated by commas, as in 10.0.0.0/8,::1",
    ]


def test_a_class_can_check_combinations_of_settings() -> None:
    assert errors_of(environment(X_MODE="production")) == ["X_BIND: must not be loopback in production"]


@pytest.mark.rule("OPS-5")
def test_a_variable_can_be_read_from_a_file_without_its_last_newline(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("from-file\n")

    settings = load(Settings, {**NEEDED, "X_KEYS": "", "X_KEYS_FILE": str(file)})

    assert settings.keys == (Secret("from-file"),)


def test_a_variable_together_with_its_file_is_an_error(tmp_path: Path) -> None:
    fault = errors_of(environment(X_KEYS_FILE=str(tmp_path / "keys")))

    assert fault == ["X_KEYS: must not be set together with X_KEYS_FILE"]


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    missing, binary, huge = tmp_path / "missing", tmp_path / "binary", tmp_path / "huge"
    binary.write_bytes(b"\xff\xfe")
    huge.write_bytes(b"a" * (1024 * 1024 + 1))

    for file, reason in [
        (missing, "the file cannot be read (No such file or directory)"),
        (tmp_path, "the file cannot be read (Is a directory)"),
        (binary, "the file is not UTF-8 text"),
        (huge, "the file is larger than 1048576 bytes"),
    ]:
        assert errors_of({**NEEDED, "X_KEYS": "", "X_KEYS_FILE": str(file)}) == [f"X_KEYS_FILE: {reason}"]


def test_an_invalid_value_from_a_file_is_reported_with_the_files_variable(tmp_path: Path) -> None:
    file = tmp_path / "bind"
    file.write_text("nowhere")

    assert errors_of(environment(X_BIND_FILE=str(file))) == ["X_BIND_FILE: must be host:port"]


@pytest.mark.rule("SEC-9")
def test_no_error_contains_the_value_of_a_secret() -> None:
    faults = errors_of({"X_KEYS": "hush-hush,hush-hush", "X_REDIS_URL": "http://user:hush-hush@host"})

    assert faults == [
        "X_KEYS: must not contain the same secret twice",
        "X_REDIS_URL: must be a URL that begins with redis://, unix://",
    ]


@pytest.mark.rule("SEC-9")
def test_a_parsers_message_that_repeats_a_secret_is_replaced() -> None:
    def careless(raw: str) -> tuple[Secret, ...]:
        raise ValueError(f"{raw} is too short")

    careless._holds_secret = True  # type: ignore[attr-defined]  # noqa: SLF001

    @dataclass(frozen=True, kw_only=True)
    class Careless:
        key: tuple[Secret, ...] = setting("X_KEY", parse=careless)

    with pytest.raises(SettingsError, match=r"^X_KEY: is not valid$"):
        load(Careless, {"X_KEY": "hush"})


@pytest.mark.rule("OPS-5")
def test_errors_end_the_start_with_exit_code_2_and_a_line_for_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught, exit_on_error():
        load(Settings, {"X_MODE": "test"})

    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "X_KEYS: must be set",
        "X_REDIS_URL: must be set",
        "X_MODE: must be one of: production, local",
    ]


def test_settings_are_documented() -> None:
    docs = describe(Settings)

    assert docs[0] == SettingDoc(
        name="X_BIND",
        doc="address and port",
        default_text="127.0.0.1:8000",
        required=False,
        secret=False,
    )
    assert [doc.name for doc in docs if doc.required] == ["X_KEYS", "X_REDIS_URL"]
    assert [doc.name for doc in docs if doc.secret] == ["X_KEYS", "X_REDIS_URL"]


def test_the_repr_of_settings_contains_no_secret() -> None:
    assert "key-one" not in repr(load(Settings, environment()))


def test_os_environ_is_accepted() -> None:
    with pytest.raises(SettingsError, match="X_KEYS"):
        load(Settings, os.environ)


def test_valid_values_are_parsed() -> None:
    assert integer(1, 64)("8") == 8
    assert [seconds(raw) for raw in ("90", "90s", "15m", "12h", "7d")] == [90, 90, 900, 43_200, 604_800]
    assert [switch(raw) for raw in ("on", "off")] == [True, False]
    assert host_port("[::1]:8000") == HostPort("::1", 8000)
    assert [str(host_port(raw)) for raw in ("0.0.0.0:0", "[::1]:80")] == ["0.0.0.0:0", "[::1]:80"]
    assert networks("10.0.0.0/8, ::1") == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert url("https://example.tw/x") == "https://example.tw/x"
    assert secret_url()("sqlite:///x.db").reveal() == "sqlite:///x.db"
    assert text("港務\u3000\U00031350股") == "港務\u3000\U00031350股"


@pytest.mark.parametrize(
    ("parse", "raw"),
    [
        (integer(1, 64), "65"),
        (integer(1, 64), "0"),
        (integer(1, 64), "1.5"),
        (integer(1, 64), "９"),
        (seconds, "1w"),
        (seconds, "-1"),
        (switch, "true"),
        (text, "two\nlines"),
        (host_port, "8000"),
        (host_port, "host:65536"),
        (host_port, "::1:8000"),
        (host_port, "http://host:80"),
        (url, "host/path"),
        (url, "http://"),
        (url, "http://host:port/"),
        (url, "http://a b/"),
        (url, "http://user:password@host/"),
        (secret_list, "a,,b"),
        (networks, "10.0.0.1/8"),
    ],
)
def test_invalid_values_are_refused(parse: object, raw: str) -> None:
    assert callable(parse)

    with pytest.raises(ValueError, match=r"^must ") as caught:
        parse(raw)

    assert raw not in str(caught.value)
