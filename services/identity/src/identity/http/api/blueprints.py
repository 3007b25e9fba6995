"""flask-smorest's blueprint, whose documenting costs nothing once it is done."""

from collections.abc import Callable
from typing import Any

from flask_smorest import Blueprint

Decorate = Callable[[Any], Any]


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """Documents a view and leaves it as it is.

    flask-smorest wraps it anew for each word of documentation, and each request would go through every wrapper.
    """

    def alt_response(self, *arguments: Any, **named: Any) -> Decorate:
        """Document an answer."""
        return _annotating(super().alt_response(*arguments, **named))

    @staticmethod
    def doc(**named: Any) -> Decorate:
        """Document anything else, in OpenAPI's words."""
        return _annotating(Blueprint.doc(**named))


def _annotating(decorate: Decorate) -> Decorate:
    def note(view: Any) -> Any:
        view._apidoc = decorate(view)._apidoc  # noqa: SLF001 - where flask-smorest keeps it
        return view

    return note
