"""The codes that verify bindings."""

from typing import Protocol

from identity.domain.bind_code import BindCode


class BindCodes(Protocol):
    """The bind codes, one per binding."""

    def put(self, code: BindCode) -> None:
        """Store a code, replacing the binding's previous code."""

    def get(self, binding_id: str) -> BindCode | None:
        """Return a binding's code in its current state."""

    def count_try(self, binding_id: str, challenge: str) -> int | None:
        """Count an attempt in one atomic statement; return the new count, or None if no attempts remain."""

    def drop(self, binding_id: str) -> None:
        """Invalidate a binding's code."""
