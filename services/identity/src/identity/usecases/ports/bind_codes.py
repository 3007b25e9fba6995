"""The codes that verify bindings (BIND-6, SEC-5)."""

from typing import Protocol

from identity.domain.bind_code import BindCode


class BindCodes(Protocol):
    """At most one code for each binding."""

    def put(self, code: BindCode) -> None:
        """Store a code, replacing the binding's previous code."""

    def get(self, binding_id: str) -> BindCode | None:
        """Return a binding's code as the database has it now, not as the session loaded it earlier."""

    def count_try(self, binding_id: str, challenge: str) -> int | None:
        """Count an attempt in one atomic statement; return the new count.

        Returns None if no attempts remain, or if a newer code has replaced the one with this challenge.
        """

    def drop(self, binding_id: str) -> None: ...
