"""Search for companies by parts of their name, tax id or username (BIND-10)."""

from collections.abc import Iterable

from identity.domain.characters import fold_variants, to_half_width

_SAME = str.maketrans({"\u81fa": "\u53f0"})
"""U+81FA and U+53F0, the two ways to write the first character of Taiwan; company names use both."""


def matches(query: str, texts: Iterable[str]) -> bool:
    """Return whether each word of `query` occurs in one of `texts`, ignoring case and variants of characters.

    The words may also match when joined: `62 140 097` finds a tax id.
    """
    keys = [_key(text) for text in texts]
    words = [_key(word) for word in to_half_width(query).split()]
    return any("".join(words) in key for key in keys) or all(
        any(word in key for key in keys) for word in words
    )


def _key(text: str) -> str:
    return "".join(to_half_width(fold_variants(text)).casefold().translate(_SAME).split())
