"""Loads the built-in templates and the operator's templates, which replace them (MAIL-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jinja2
from typing_extensions import override

from mailer.adapters.mail_texts import BUILT_IN
from mailer.domain.flowed_text import flow_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_JINJA_CODE: Final = "{"


class TemplateLoader(jinja2.FileSystemLoader):
    """Loads templates, and flows the fixed lines of text templates once, because flowing takes as long as rendering."""

    def __init__(self, override_dir: Path | None) -> None:
        folders = [BUILT_IN] if override_dir is None else [override_dir, BUILT_IN]
        super().__init__(folders, encoding="utf-8")
        self._flowed: dict[str, str] = {}

    @override
    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        source, file, is_current = super().get_source(environment, template)
        if template.endswith(".txt"):
            self.flow_once(line for line in source.splitlines() if _JINJA_CODE not in line)
        return source, file, is_current

    def fixed_text(self, environment: jinja2.Environment, template: str) -> str | None:
        """Return the stripped text of a template, or None if it contains Jinja code."""
        source, _, _ = self.get_source(environment, template)
        return None if _JINJA_CODE in source else source.strip()

    def flow_once(self, fixed_lines: Iterable[str]) -> None:
        """Flow lines that many mails contain, and store the results for `flow`."""
        self._flowed.update((line, flow_line(line)) for line in fixed_lines)

    def flow(self, text: str) -> str:
        """Return text in `format=flowed; delsp=yes`."""
        flowed = self._flowed
        return "\n".join([flowed[line] if line in flowed else flow_line(line) for line in text.split("\n")])
