"""Settings from the environment (OPS-5): typed, each also as NAME_FILE, all faults told at once.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        bind: Address = setting("IDENTITY_BIND", parse=address, default="127.0.0.1:8000", doc="where")
        secret_keys: tuple[Secret, ...] = setting("IDENTITY_SECRET_KEYS", parse=secret_list, doc="keys")

    with exit_on_error():
        settings = load(Settings, os.environ)

An empty variable counts as unset, because container files cannot leave one out.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, overload

from port_runtime.parsers import Parse, holds_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")
EXIT_CODE: Final = 2
MAX_FILE_BYTES: Final = 1024 * 1024
_DECLARED: Final = "port_runtime.setting"


class Required(Enum):
    """Stands where a setting has no default."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED


class SettingsError(Exception):
    """The environment is wrong; `errors` has a sentence "NAME: reason" for each, in order of declaration."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class ErrorCollector:
    """Raises the SettingsErrors of several steps as one: a start that is refused reports every wrong setting.

    with ErrorCollector() as collector:
        with collector.step():
            listener = open_listener(settings.bind, "IDENTITY_BIND")
        with collector.step():
            texts = read_texts(settings.consent_dir)
    """

    def __init__(self) -> None:
        self._errors: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None and self._errors:
            raise SettingsError(self._errors)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Collect the errors of a SettingsError and continue after the block."""
        try:
            yield
        except SettingsError as error:
            self._errors.extend(error.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDoc:
    """What a reader is told of one setting. `default_text` is None when there is no default."""

    name: str
    doc: str
    default_text: str | None
    required: bool
    secret: bool


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    parse: Parse[Any]
    default: str | Required | None
    doc: str


class _SettingError(Exception):
    """One sentence about one variable."""


@overload
def setting(name: str, *, parse: Parse[T], default: str | Required = ..., doc: str = ...) -> T: ...
@overload
def setting(name: str, *, parse: Parse[T], default: None, doc: str = ...) -> T | None: ...
def setting(name: str, *, parse: Parse[Any], default: str | Required | None = REQUIRED, doc: str = "") -> Any:
    """Declare a field of a settings class.

    `default` is the text that would stand in the environment; None makes the unset variable None; without a
    default the variable is required. `parse` raises ValueError with the end of the sentence "NAME must …".
    """
    return field(metadata={_DECLARED: _Declared(name, parse, default, doc)})


def load(settings_class: type[T], environ: Mapping[str, str]) -> T:
    """Read every setting of the class; raises SettingsError with all faults at once.

    A class may have a method `errors()` that yields "NAME: reason" for what only shows in several together;
    it is asked when every single setting could be read.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for attribute, declared in _declared(settings_class):
        try:
            values[attribute] = _value(declared, environ)
        except _SettingError as fault:
            faults.append(str(fault))
    if faults:
        raise SettingsError(faults)
    return _cross_checked(settings_class(**values))


def describe(settings_class: type[object]) -> list[SettingDoc]:
    """List the settings of the class in order of declaration, for tables and `--help`."""
    return [
        SettingDoc(
            name=declared.name,
            doc=declared.doc,
            default_text=declared.default if isinstance(declared.default, str) else None,
            required=declared.default is REQUIRED,
            secret=holds_secret(declared.parse),
        )
        for _, declared in _declared(settings_class)
    ]


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Print one line for each fault to standard error and exit with 2."""
    try:
        yield
    except SettingsError as error:
        _exit(error)


def _exit(error: SettingsError) -> NoReturn:
    for fault in error.errors:
        print(fault, file=sys.stderr)  # noqa: T201 - the logs are not set up before the settings are read
    raise SystemExit(EXIT_CODE) from None


def _declared(settings_class: type[Any]) -> Iterator[tuple[str, _Declared]]:
    each: Field[Any]
    for each in fields(settings_class):
        if _DECLARED in each.metadata:
            yield each.name, each.metadata[_DECLARED]


def _cross_checked(settings: T) -> T:
    check = getattr(settings, "errors", None)
    faults = list(check()) if callable(check) else []
    if faults:
        raise SettingsError(faults)
    return settings


def _value(declared: _Declared, environ: Mapping[str, str]) -> object:
    raw, source = _raw(declared, environ)
    if raw is None:
        return None
    try:
        return declared.parse(raw)
    except ValueError as error:
        raise _SettingError(f"{source}: {_reason(declared, raw, str(error))}") from None


def _raw(declared: _Declared, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the text and the name of the variable it came from."""
    name, file_name = declared.name, f"{declared.name}_FILE"
    if environ.get(name) and environ.get(file_name):
        raise _SettingError(f"{name}: must not be set together with {file_name}")
    if environ.get(file_name):
        return _file_text(file_name, environ[file_name]) or _default(declared), file_name
    return environ.get(name) or _default(declared), name


def _default(declared: _Declared) -> str | None:
    if isinstance(declared.default, Required):
        raise _SettingError(f"{declared.name}: must be set")
    return declared.default


def _file_text(file_name: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            octets = file.read(MAX_FILE_BYTES + 1)
        text_of_file = octets.decode()
    except OSError as error:
        raise _SettingError(f"{file_name}: the file cannot be read ({error.strerror})") from None
    except ValueError:
        raise _SettingError(f"{file_name}: the file is not UTF-8 text") from None
    if len(octets) > MAX_FILE_BYTES:
        raise _SettingError(f"{file_name}: the file is larger than {MAX_FILE_BYTES} bytes")
    return text_of_file.rstrip("\r\n")


def _reason(declared: _Declared, raw: str, told: str) -> str:
    """Keep the parser's sentence, unless it is of a secret and repeats a piece of it."""
    pieces = [piece.strip() for piece in raw.split(",")]
    if holds_secret(declared.parse) and any(piece and piece in told for piece in [raw, *pieces]):
        return "is not valid"
    return told or "is not valid"
