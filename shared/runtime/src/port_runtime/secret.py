"""A type for secret texts, which hides them in logs and tracebacks."""

from __future__ import annotations

import hmac
from typing import Final, NoReturn, final

MASK: Final = "**********"


@final
class Secret:
    """An immutable text that is masked in `str`, `repr` and `format` (SEC-9); only `reveal` returns it.

    The time of a comparison does not depend on the texts, except on their lengths (SEC-12). Pickling raises TypeError,
    because it would copy the text without a mask.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Return the text. Call this as late as possible."""
        return str(object.__getattribute__(self, "_text"))

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_encoded(self), _encoded(other))

    def __hash__(self) -> int:
        # Python salts the hash of a str in each process, so the hash reveals nothing outside it.
        return hash((Secret, self.reveal()))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


def _encoded(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
