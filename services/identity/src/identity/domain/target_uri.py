"""Comparison of a DPoP proof's `htu` with the request's address (RFC 3986 section 6.2.2 and 6.2.3)."""

import re
from urllib.parse import urlsplit

from port_runtime.urls import origin_of

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


def is_same_target(claimed: object, url: str) -> bool:
    """Return whether both addresses are equivalent, ignoring query and fragment (RFC 9449 section 4.3)."""
    if not isinstance(claimed, str):
        return False
    try:
        return _normal_form(claimed) == _normal_form(url)
    except ValueError:
        return False


def _normal_form(url: str) -> str:
    return origin_of(url) + _without_dots(_ESCAPE.sub(_decoded, urlsplit(url).path or "/"))


def _decoded(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 section 5.2.4) of a path that begins with a slash."""
    output: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del output[-1:]
        elif segment != ".":
            output.append(segment)
    if segments[-1] in {".", ".."}:
        output.append("")
    return "/" + "/".join(output)
