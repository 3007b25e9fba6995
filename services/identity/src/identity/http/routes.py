"""Routes whose addresses are put together by code that is made when the first one is: most are only ever matched."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class Route(Rule):
    """Werkzeug compiles two functions for every rule at the start, three quarters of what making the application took.

    Should Werkzeug rename its hook, this one is not called, and the start takes its old time.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Builder:  # noqa: FBT001, FBT002 - Werkzeug's signature
        compile_it = super()._compile_builder
        made: list[Builder] = []

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(compile_it(append_unknown))
            return made[0](rule, **values)

        return build
