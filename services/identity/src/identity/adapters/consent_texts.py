"""Loads the consent texts from a directory with `consents.toml`, which lists title, version and file of each."""

import tomllib
from pathlib import Path

from identity.domain.consent_texts import DOCUMENTS, Text, Texts

SAMPLES = Path(__file__).parent.parent / "consents"
_MAX_BYTES = 200_000
_MAX_VERSION_LENGTH = 32


class ConsentTextError(ValueError):
    """The consent texts cannot be used; the message states the reason."""


def read_texts(directory: Path) -> Texts:
    """Return the texts in the order in which the portal presents them. Raises ConsentTextError."""
    try:
        listed = tomllib.loads((directory / "consents.toml").read_text("utf-8"))
        texts = [_text(directory, document, listed.get(document)) for document in DOCUMENTS]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConsentTextError(f"the consent texts cannot be read: {error}") from None
    return Texts(texts)


def _text(directory: Path, document: str, entry: object) -> Text:
    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(key), str) for key in ("title", "version", "file")
    ):
        raise ConsentTextError(f"consents.toml: [{document}] needs title, version and file")
    path = directory / entry["file"]
    if path.parent != directory or path.stat().st_size > _MAX_BYTES:
        raise ConsentTextError(
            f"consents.toml: the file of [{document}] must be in the same directory and not large"
        )
    body = path.read_text("utf-8").strip()
    version = entry["version"]
    if not body or not 0 < len(version) <= _MAX_VERSION_LENGTH or not version.isprintable():
        raise ConsentTextError(
            f"consents.toml: [{document}] needs a text and a version of 1 to {_MAX_VERSION_LENGTH} printable characters"
        )
    return Text(
        document=document,
        version=version,
        title=entry["title"],
        body=body,
        sample=entry.get("sample") is True,
    )
