"""Typed settings from environment variables (OPS-5); NAME_FILE can name a file with the value instead.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        bind: HostPort = setting("IDENTITY_BIND", parse=host_port, default="127.0.0.1:8000", doc="address and port")
        secret_keys: tuple[Secret, ...] = setting("IDENTITY_SECRET_KEYS", parse=secret_list, doc="signing keys")

    with exit_on_error():
        settings = load(Settings, os.environ)

All errors of single settings are reported at once; if there are none, all errors of combinations. An empty variable
counts as unset, because Compose files cannot unset a variable.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, overload

from port_runtime.setting_parsers import Parse, holds_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")
EXIT_CODE: Final = 2
MAX_FILE_BYTES: Final = 1024 * 1024
_DECLARED: Final = "port_runtime.setting"


class Required(Enum):
    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED


class SettingsError(Exception):
    """Settings are wrong. `errors` contains a line "NAME: reason" for each error."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class ErrorCollector:
    """Raises the errors of several steps as one SettingsError, so that a refused start reports every wrong setting.

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
    """The documentation of a setting. `default_text` is None if the setting is required or None by default."""

    name: str
    doc: str
    default_text: str | None
    required: bool
    secret: bool


@dataclass(frozen=True, slots=True)
class _Declared:
    doc: SettingDoc
    parse: Parse[Any]


@overload
def setting(name: str, *, parse: Parse[T], default: str | Required = ..., doc: str = ...) -> T: ...
@overload
def setting(name: str, *, parse: Parse[T], default: None, doc: str = ...) -> T | None: ...
def setting(name: str, *, parse: Parse[Any], default: str | Required | None = REQUIRED, doc: str = "") -> Any:
    """Declare a field of a settings class.

    `default` is parsed like the variable's text. If it is None, an unset variable is None; without `default`, the
    variable is required. For `parse`, see `port_runtime.setting_parsers`.
    """
    documentation = SettingDoc(
        name=name,
        doc=doc,
        default_text=default if isinstance(default, str) else None,
        required=default is REQUIRED,
        secret=holds_secret(parse),
    )
    return field(metadata={_DECLARED: _Declared(documentation, parse)})


def load(settings_class: type[T], environ: Mapping[str, str]) -> T:
    """Parse every setting of the class. Raises SettingsError.

    A class may have a method `errors()` that yields "NAME: reason" for combinations of settings. It is called only if
    each setting alone is valid.
    """
    values: dict[str, Any] = {}
    with ErrorCollector() as collector:
        for attribute, declared in _declared(settings_class):
            with collector.step():
                values[attribute] = _value(declared, environ)
    settings = settings_class(**values)
    check = getattr(settings, "errors", None)
    if callable(check) and (errors := list(check())):
        raise SettingsError(errors)
    return settings


def describe(settings_class: type[object]) -> list[SettingDoc]:
    """Document the settings of the class in order of declaration, for the documents and `mailer settings`."""
    return [declared.doc for _, declared in _declared(settings_class)]


@contextmanager
def exit_on_error() -> Iterator[None]:
    """On a SettingsError, print its lines to standard error and exit with 2."""
    try:
        yield
    except SettingsError as error:
        for line in error.errors:
            print(line, file=sys.stderr)  # noqa: T201 - logging is configured from these settings
        raise SystemExit(EXIT_CODE) from None


def _declared(settings_class: type[Any]) -> Iterator[tuple[str, _Declared]]:
    each: Field[Any]
    for each in fields(settings_class):
        if _DECLARED in each.metadata:
            yield each.name, each.metadata[_DECLARED]


def _value(declared: _Declared, environ: Mapping[str, str]) -> object:
    raw, source = _raw(declared, environ)
    if raw is None:
        return None
    try:
        return declared.parse(raw)
    except ValueError as error:
        raise SettingsError([f"{source}: {_reason(declared, raw, str(error))}"]) from None


def _raw(declared: _Declared, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the text or else the default, which may be None, and the name of the variable that was read."""
    name, file_name = declared.doc.name, f"{declared.doc.name}_FILE"
    if environ.get(name) and environ.get(file_name):
        raise SettingsError([f"{name}: must not be set together with {file_name}"])
    if environ.get(file_name):
        return _file_text(file_name, environ[file_name]) or _default(declared), file_name
    raw = environ.get(name)
    if raw and not raw.isascii() and _has_surrogates(raw):
        raise SettingsError([f"{name}: is not UTF-8 text"])
    return raw or _default(declared), name


def _has_surrogates(raw: str) -> bool:
    """Return whether the variable had bytes that are not UTF-8. An encoding error would show the value."""
    return any("\ud800" <= character <= "\udfff" for character in raw)


def _default(declared: _Declared) -> str | None:
    if declared.doc.required:
        raise SettingsError([f"{declared.doc.name}: must be set"])
    return declared.doc.default_text


def _file_text(file_name: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        content = data.decode()
    except OSError as error:
        raise SettingsError([f"{file_name}: the file cannot be read ({error.strerror})"]) from None
    except ValueError:
        raise SettingsError([f"{file_name}: the file is not UTF-8 text"]) from None
    if len(data) > MAX_FILE_BYTES:
        raise SettingsError([f"{file_name}: the file is larger than {MAX_FILE_BYTES} bytes"])
    return content.rstrip("\r\n")


def _reason(declared: _Declared, raw: str, message: str) -> str:
    """Return the parser's message, or a general message if it contains a part of a secret."""
    pieces = [piece.strip() for piece in raw.split(",")]
    if declared.doc.secret and any(piece and piece in message for piece in [raw, *pieces]):
        return "is not valid"
    return message or "is not valid"
