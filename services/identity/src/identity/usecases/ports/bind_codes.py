"""The codes that verify bindings."""

from typing import Protocol

from identity.domain.bind_code import BindCode


class BindCodes(Protocol):
    """The bind codes, one per binding."""

    def put(self, code: BindCode) -> None:
        """Store a code in place of the older one."""

    def get(self, binding_id: str) -> BindCode | None:
        """Return a binding's code in its current state."""

    def count_try(self, binding_id: str, challenge: str) -> int | None:
        """Count a try in one atomic statement; return the new count, or None when no try was left."""

    def drop(self, binding_id: str) -> None:
        """Void a binding's code."""
