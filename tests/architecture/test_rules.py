"""Every rule that the product has taken on has a test, and no test names a rule that does not exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT

LIST = Path(__file__).with_name("rules.txt")
RULE = re.compile(r"^[A-Z]+-[0-9]+$")


def listed(mark: str) -> set[str]:
    """Return the rules of the list; `mark` is what stands before each: "+" owned, "-" of a later step."""
    lines = (line.split("#")[0].strip() for line in LIST.read_text().splitlines())
    return {line[1:].strip() for line in lines if line.startswith(mark)}


def marked() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{path}:{node.lineno}: write the rule out"
                    yield str(argument.value), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_rule_we_own_has_a_test() -> None:
    proven = {rule for rule, _ in marked()}

    assert sorted(listed("+") - proven) == []


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    known = listed("+") | listed("-")

    assert [f"{where}: {rule}" for rule, where in marked() if rule not in known] == []


def test_the_list_is_well_formed_and_each_rule_stands_once() -> None:
    lines = [line.split("#")[0].strip() for line in LIST.read_text().splitlines()]
    rules = [line[1:].strip() for line in lines if line]

    assert [
        line for line in lines if line and (line[0] not in "+-" or not RULE.match(line[1:].strip()))
    ] == []
    assert len(rules) == len(set(rules))
