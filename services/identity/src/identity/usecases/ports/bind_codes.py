"""The codes that verify bindings (BIND-6, SEC-5)."""

from typing import Protocol

from identity.domain.bind_code import BindCode


class BindCodes(Protocol):
    """At most one code for each binding."""

    def put(self, code: BindCode) -> None:
        """Store a code, replacing the binding's previous code."""

    def get(self, binding_id: str) -> BindCode | None:
        """Return a binding's code in its current state, even if it was loaded before."""

    def count_try(self, binding_id: str, challenge: str) -> int | None:
        """Count an attempt in one atomic statement; return the new count.

        Returns None if no attempts remain, or if the code with this challenge was replaced or deleted.
        """

    def drop(self, binding_id: str) -> None: ...
