"""The example in the README about tests: a copy of a test function."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
README = ROOT / "tests/support/README.md"
EXAMPLE = re.compile(
    r"(<!-- example: (\S+)::(\S+) [^\n]*-->\n```python\n).*?(```\n<!-- /example -->)", re.DOTALL
)


def documents() -> dict[Path, str]:
    """Return the text that the file should have."""
    return {
        README: EXAMPLE.sub(
            lambda found: f"{found[1]}{_source(*found.group(2, 3))}{found[4]}", README.read_text()
        )
    }


def _source(path: str, name: str) -> str:
    """Return a function with its decorators; StopIteration if the file has none of this name."""
    text = (ROOT / path).read_text()
    function = next(
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    lines = text.splitlines(keepends=True)
    return "".join(lines[function.decorator_list[0].lineno - 1 : function.end_lineno])
