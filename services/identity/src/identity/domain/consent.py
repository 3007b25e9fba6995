"""The three texts a person accepts at the first login (LOGIN-3)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from identity.domain.errors import ConsentOutdated

DOCUMENTS = ("personal_data", "authorization", "hazard")
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text in one version."""

    document: str
    version: str
    title: str
    body: str
    sample: bool = False


class Texts:
    """The texts in force."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self.texts = tuple(texts)
        versions = "\n".join(f"{text.document}={text.version}" for text in self.texts)
        self.digest = hashlib.sha256(versions.encode()).hexdigest()[:32]
        """Stands for exactly these versions; a session keeps it, so that a new version asks again."""

    @property
    def versions(self) -> frozenset[tuple[str, str]]:
        """Each document with its version."""
        return frozenset((text.document, text.version) for text in self.texts)

    def check(self, accepted: Iterable[tuple[str, str]]) -> None:
        """Raise ConsentOutdated unless exactly the versions in force were accepted."""
        if frozenset(accepted) != self.versions:
            raise ConsentOutdated
