"""What a secret of our own must be like."""

from collections.abc import Sequence

from port_runtime.secret import Secret

LEAST_KEY_CHARACTERS = 32
_PLACEHOLDERS = ("change-me", "changeme", "insecure", "example")


def is_short(keys: Sequence[Secret]) -> bool:
    """Tell whether any key has too few characters."""
    return any(len(key.reveal()) < LEAST_KEY_CHARACTERS for key in keys)


def is_placeholder(keys: Sequence[Secret]) -> bool:
    """Tell whether any key is one of an example, which everybody knows."""
    return any(word in key.reveal().lower() for key in keys for word in _PLACEHOLDERS)
