"""Every refusal and every wrong value has a sentence, and every sentence is used (REG-11)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import identity
from identity.domain import errors
from identity.http.problems import PROBLEMS, STATUS_CODES
from identity.http.zh_tw.field_errors import FIELD_ERRORS
from identity.http.zh_tw.problems import REFUSALS, STATUSES


def test_every_refusal_has_a_problem_and_a_sentence() -> None:
    bases = {errors.Refusal, errors.RetryLater}

    assert set(_subclasses(errors.Refusal)) - bases == set(PROBLEMS)
    assert (PROBLEMS.keys(), STATUS_CODES.keys()) == (REFUSALS.keys(), STATUSES.keys())


def test_every_wrong_value_has_a_sentence() -> None:
    sources = Path(next(iter(identity.__path__))).rglob("*.py")

    assert {key for source in sources for key in _raised(source)} == set(FIELD_ERRORS)


def _subclasses(cls: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def _raised(source: Path) -> Iterator[str]:
    """Yield the keys of the errors that a file raises, from `InvalidValue("code", "case")`."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "InvalidValue":
            yield ".".join(str(ast.literal_eval(argument)) for argument in node.args)
