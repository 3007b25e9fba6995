"""Only `reveal` returns the text of a Secret."""

import copy
import json
import pickle
from dataclasses import asdict, dataclass

import pytest
from port_runtime.secret import MASK, Secret

SECRET = Secret("correct horse")


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "rendering",
    [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET:>20}", f"{SECRET!r}", "%s" % SECRET],  # noqa: UP031 - each way to print
)
def test_every_rendering_is_masked(rendering: str) -> None:
    assert "horse" not in rendering
    assert MASK in rendering


def test_reveal_returns_the_text() -> None:
    assert SECRET.reveal() == "correct horse"


def test_secrets_of_the_same_text_are_equal_and_have_the_same_hash() -> None:
    assert Secret("correct horse") == SECRET
    assert len({Secret("correct horse"), SECRET, Secret("other")}) == 2


def test_a_secret_equals_neither_another_nor_its_own_text() -> None:
    assert Secret("other") != SECRET
    assert SECRET != "correct horse"


def test_texts_with_surrogates_can_be_compared() -> None:
    assert Secret("\ud800") == Secret("\ud800")


def test_a_secret_is_immutable() -> None:
    with pytest.raises(AttributeError):
        SECRET.text = "other"
    with pytest.raises(AttributeError):
        del SECRET.text  # type: ignore[attr-defined]  # mypy reports it, and it must fail


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(SECRET, protocol)


def test_a_secret_cannot_be_serialized_as_json() -> None:
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_a_dataclass_with_a_secret_can_be_printed_and_copied() -> None:
    @dataclass(frozen=True)
    class Holder:
        key: Secret

    holder = Holder(SECRET)

    assert "horse" not in f"{holder} {asdict(holder)} {copy.deepcopy(holder)}"


def test_an_empty_secret_is_false() -> None:
    assert SECRET
    assert not Secret("")
