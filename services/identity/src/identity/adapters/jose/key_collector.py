"""Metrics of the signing keys (OPS-4)."""

from collections.abc import Iterator

from port_runtime.metrics import Sample

from identity.adapters.jose.signer import JoseSigner
from identity.metrics.notify import SIGNING_KEYS


class SigningKeyCollector:
    """The number of keys of each algorithm that may sign now: without an `nbf`, or with one that has passed."""

    def __init__(self, signer: JoseSigner) -> None:
        self._signer = signer

    def collect(self) -> Iterator[Sample]:
        for algorithm, count in self._signer.usable_keys().items():
            yield Sample(SIGNING_KEYS, count, (algorithm,))
