"""The changelog's sections (Keep a Changelog)."""

import re
from datetime import date

_UNRELEASED = "## [Unreleased]\n"


class NothingToReleaseError(ValueError):
    """The changelog has no entry since the last release."""


def section(text: str, version: str) -> str:
    """Return the entries of a version, or of "Unreleased"; "" if there is no such section."""
    found = re.search(rf"(?ms)^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)", text)
    return found.group(1).strip() if found else ""


def cut(text: str, version: str, *, on: date) -> str:
    """Move the unreleased entries into a new section for the version. Raises NothingToReleaseError."""
    if not section(text, "Unreleased"):
        raise NothingToReleaseError(version)
    return text.replace(_UNRELEASED, f"{_UNRELEASED}\n## [{version}] - {on.isoformat()}\n", 1)
