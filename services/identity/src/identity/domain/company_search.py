"""Finding a company by parts of its name, its tax id or its account name (BIND-10)."""

from collections.abc import Iterable

from identity.domain.characters import fold_variants, to_half_width

_SAME = str.maketrans({"\u81fa": "\u53f0"})
"""The two characters of Taiwan: both are written in the names of companies."""


def matches(query: str, texts: Iterable[str]) -> bool:
    """Return whether each word of the query is part of one of the texts; width and case do not matter.

    The words may also be one: `62 140 097` finds the tax id.
    """
    keys = [_key(text) for text in texts]
    words = [_key(word) for word in to_half_width(query).split()]
    return any("".join(words) in key for key in keys) or all(
        any(word in key for key in keys) for word in words
    )


def _key(text: str) -> str:
    return "".join(to_half_width(fold_variants(text)).casefold().translate(_SAME).split())
