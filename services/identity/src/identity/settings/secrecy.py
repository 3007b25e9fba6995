"""What a secret of our own must be like."""

from collections.abc import Iterator, Sequence

from port_runtime.parsers import PRODUCTION
from port_runtime.secret import Secret

_LEAST_CHARACTERS = 32
_PLACEHOLDERS = ("change-me", "changeme", "insecure", "example")


def faults_of_keys(name: str, keys: Sequence[Secret], *, mode: str) -> Iterator[str]:
    """Yield what is wrong with the keys of the variable `name`; one of an example, which everybody knows, as well."""
    if any(len(key.reveal()) < _LEAST_CHARACTERS for key in keys):
        yield f"{name}: each key must have {_LEAST_CHARACTERS} characters or more"
    if mode == PRODUCTION and any(word in key.reveal().lower() for key in keys for word in _PLACEHOLDERS):
        yield f"{name}: must not be a placeholder"
