"""The three texts that a person accepts at the first login (LOGIN-3)."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from identity.domain.errors import ConsentOutdated

_HEADING = re.compile(r"[一二三四五六七八九十]+、")
"""How a numbered heading begins; the paragraph follows on the next line."""

DOCUMENTS = ("personal_data", "authorization", "hazard")
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One version of a text; a `sample` is refused in production."""

    document: str
    version: str
    title: str
    body: str
    sample: bool = False

    @property
    def paragraphs(self) -> list[tuple[str, str]]:
        """The heading of each paragraph, empty if it has none, and its text."""
        return [_split(paragraph) for paragraph in self.body.split("\n\n")]


def _split(paragraph: str) -> tuple[str, str]:
    heading, _, text = paragraph.partition("\n")
    return (heading, text) if text and _HEADING.match(heading) else ("", paragraph)


class Texts:
    """The current version of each text."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self.texts = tuple(texts)
        versions = "\n".join(f"{text.document}={text.version}" for text in self.texts)
        self.digest = hashlib.sha256(versions.encode()).hexdigest()[:32]
        """Identifies these versions; sessions store it, so that a new version must be accepted again."""

    @property
    def versions(self) -> frozenset[tuple[str, str]]:
        """The pairs of document and version."""
        return frozenset((text.document, text.version) for text in self.texts)

    def check(self, accepted: Iterable[tuple[str, str]]) -> None:
        """Raise ConsentOutdated unless exactly the current versions were accepted."""
        if frozenset(accepted) != self.versions:
            raise ConsentOutdated
