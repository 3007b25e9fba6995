"""The list of rules, with the tests that prove each rule.

`tests/rules/README.md` is the source: each rule's sentences are written by hand. The line below them says `Planned`, or
lists the test files; only this list is generated.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[2] / "tests"
FOLDER = Path("rules")
README = TESTS / FOLDER / "README.md"
RULE = re.compile(
    r"^(?P<text>- \*\*(?P<name>[A-Z]+-\d+)\*\* .+(?:\n  [^ -].*)*\n)  - (?P<proof>.*)$", re.MULTILINE
)
PLANNED = "Planned"


@dataclass(frozen=True, slots=True)
class Proof:
    """A rule that a test function names in `@pytest.mark.rule`; `path` is relative to the tests' folder."""

    rule: str
    path: Path


def documents() -> dict[Path, str]:
    files: dict[str, Counter[Path]] = {}
    for proof in proofs():
        files.setdefault(proof.rule, Counter())[proof.path] += 1

    def with_proof(rule: re.Match[str]) -> str:
        planned = rule["proof"] == PLANNED
        line = PLANNED if planned else f"Proved by {_links(files.get(rule['name'], Counter()))}".rstrip()
        return f"{rule['text']}  - {line}"

    return {README: RULE.sub(with_proof, README.read_text())}


def rules() -> dict[str, bool]:
    """Map the identifier of each rule to whether the rule is only planned."""
    return {found["name"]: found["proof"] == PLANNED for found in RULE.finditer(README.read_text())}


@cache
def proofs() -> tuple[Proof, ...]:
    """Return a proof for each test function and rule; a `pytestmark` applies to every test of its module."""
    return tuple(proof for path in sorted(TESTS.rglob("test_*.py")) for proof in _proofs_in(path))


def _proofs_in(path: Path) -> Iterator[Proof]:
    module = ast.parse(path.read_text())
    of_module = [rule for node in module.body if _is_pytestmark(node) for rule in _marked(node)]
    for test in ast.walk(module):
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
            own = [rule for decorator in test.decorator_list for rule in _marked(decorator)]
            yield from (Proof(rule, path.relative_to(TESTS)) for rule in dict.fromkeys([*of_module, *own]))


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


def _marked(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
            yield from map(ast.literal_eval, node.args)


def _links(files: Counter[Path]) -> str:
    """Return a link to each file with its number of tests, starting with the files of the rules' folder."""
    own_first = sorted(files, key=lambda path: (path.parent != FOLDER, path))
    return ", ".join(f"[{_name(path)}]({_target(path)}) {files[path]}" for path in own_first)


def _name(path: Path) -> str:
    name = path.stem.removeprefix("test_")
    return name if path.parent == FOLDER else (path.parent / name).as_posix()


def _target(path: Path) -> str:
    return path.name if path.parent == FOLDER else f"../{path.as_posix()}"
