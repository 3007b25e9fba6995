"""The three texts that a person accepts at the first login (LOGIN-3)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from identity.domain.errors import ConsentOutdated

DOCUMENTS = ("personal_data", "authorization", "hazard")
"""The identifiers of the texts, in display order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One version of a text. `document` is one of DOCUMENTS. Production refuses texts marked as `sample`."""

    document: str
    version: str
    title: str
    body: str
    sample: bool = False


class Texts:
    """The current version of each text."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self.texts = tuple(texts)
        versions = "\n".join(f"{text.document}={text.version}" for text in self.texts)
        self.digest = hashlib.sha256(versions.encode()).hexdigest()[:32]
        """Identifies these versions. Sessions store the digest, so a new version requires consent again."""

    @property
    def versions(self) -> frozenset[tuple[str, str]]:
        """The current texts, as pairs of document and version."""
        return frozenset((text.document, text.version) for text in self.texts)

    def check(self, accepted: Iterable[tuple[str, str]]) -> None:
        """Raise ConsentOutdated unless exactly the current versions were accepted."""
        if frozenset(accepted) != self.versions:
            raise ConsentOutdated
