"""The README's table lists the settings that each command reads."""

import re
import signal
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner
from identity.cli import main
from identity.settings.database import DatabaseSettings
from identity.settings.notify import NotifySettings
from identity.settings.relay import RelaySettings
from identity.settings.tidy import TidySettings
from identity.settings.web import WebSettings
from port_runtime.settings import describe

from tests.support import ROOT

FILES = {
    "web": WebSettings,
    "relay": RelaySettings,
    "notify": NotifySettings,
    "tidy": TidySettings,
    "migrate": DatabaseSettings,
}
README = (ROOT / "services/identity/README.md").read_text()

pytestmark = pytest.mark.rule("OPS-5")


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def table() -> dict[tuple[str, ...], str]:
    """Return the column *settings* for each command."""
    found = {}
    for names, settings in re.findall(r"^\| (`identity .+?) \| (.+?) \|", README, re.MULTILINE):
        first, *others = (name.split() for name in re.findall(r"`([^`]+)`", names))
        words = [word for word in first[1:] if word.islower() and not word.startswith("-")]
        for command in (words, *([*words[:-1], other[0]] for other in others)):
            found[tuple(command)] = settings
    return found


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group) and not path:
            yield from commands(command, (name,))
        else:
            yield (*path, name)


def arguments(path: tuple[str, ...]) -> list[str]:
    """Return the command with a value for each required parameter."""
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    required = [each for each in command.params if each.required]
    values = [*path]
    for each in required:
        values += (
            [_value(each.type)] if isinstance(each, click.Argument) else [each.opts[0], _value(each.type)]
        )
    return values


def _value(kind: object) -> str:
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    return "7" if isinstance(kind, click.types.IntParamType) else "someone"


def test_the_table_has_every_command() -> None:
    assert set(table()) == set(commands(main))


@pytest.mark.parametrize(
    "path", [path for path, settings in table().items() if settings.split(",")[0] in FILES]
)
def test_a_command_reads_the_settings_that_the_table_names(path: tuple[str, ...]) -> None:
    kind = FILES[table()[path].split(",")[0]]
    required = {doc.name for doc in describe(kind) if doc.required}

    ended = CliRunner(env={doc.name: None for doc in describe(kind)}).invoke(main, arguments(path))

    assert ended.exit_code == 2, ended.output
    assert set(re.findall(r"^([A-Z_]+): must be set$", ended.stderr, re.MULTILINE)) == required
