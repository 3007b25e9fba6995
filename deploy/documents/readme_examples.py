"""Examples in READMEs: copies of a function, of a marked part of a file, or of a whole file that tests run.

A marked part is enclosed by the comments `<example NAME>` and `</example>`.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
READMES = (ROOT / "tests/support/README.md", ROOT / "services/identity/README.md")
EXAMPLE = re.compile(
    r"(<!-- example: (\S+?)(?:::(\S+))? [^\n]*-->\n```\w+\n).*?(```\n<!-- /example -->)", re.DOTALL
)


def documents(others: Mapping[Path, str]) -> dict[Path, str]:
    """Return the texts of READMES. A text in `others`, with other generated parts, is used instead of the file."""
    return {readme: _with_examples(others.get(readme) or readme.read_text()) for readme in READMES}


def _with_examples(text: str) -> str:
    return EXAMPLE.sub(lambda found: f"{found[1]}{_source(ROOT / found[2], found[3])}{found[4]}", text)


def _source(path: Path, name: str | None) -> str:
    text = path.read_text()
    if name is None:
        return text
    is_test = path.suffix == ".py" and name.startswith("test_")
    return _function(text, name) if is_test else _part(text, name)


def _function(text: str, name: str) -> str:
    """Return a test and its decorators, of which it must have one. Raises StopIteration if the file lacks the test."""
    function = next(
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    lines = text.splitlines(keepends=True)
    return "".join(lines[function.decorator_list[0].lineno - 1 : function.end_lineno])


def _part(text: str, name: str) -> str:
    """Return the part between the comments, without its indentation. Raises ValueError if the comments are missing."""
    found = re.search(
        rf"^[ \t]*(?:#|//) <example {name}>\n(.*?)^[ \t]*(?:#|//) </example>\n",
        text,
        re.DOTALL | re.MULTILINE,
    )
    if found is None:
        raise ValueError(f"no <example {name}>")
    part = textwrap.dedent(found[1]).rstrip() + "\n"
    # The formatter also formats READMEs, and requires two empty lines between top-level functions.
    return re.sub(r"\n\n(?=@|def )", "\n\n\n", part) if found[1].startswith(" ") else part
