"""The list of rules matches the tests that prove the rules and the code that cites them."""

import re

from deploy.documents.rules import README, proofs, rules
from tests.architecture.tracked_files import files
from tests.support import ROOT

FAMILIES = "REG|VER|REV|LOGIN|BIND|SW|UNB|PRO|MAIL|EVT|OPS|SEC|OIDC"
CITED = re.compile(rf"(?<![\w-])(?:{FAMILIES})-\d+(?![\w-])")


def test_every_rule_that_is_not_planned_has_a_test() -> None:
    proven = {proof.rule for proof in proofs()}

    assert [rule for rule, planned in rules().items() if not planned and rule not in proven] == []


def test_no_planned_rule_has_a_test() -> None:
    listed = rules()

    assert [f"{proof.path}: {proof.rule}" for proof in proofs() if listed.get(proof.rule)] == []


def test_no_test_names_a_rule_that_does_not_exist() -> None:
    listed = rules()

    assert [f"{proof.path}: {proof.rule}" for proof in proofs() if proof.rule not in listed] == []


def test_no_file_cites_a_rule_that_does_not_exist() -> None:
    listed = rules()
    unknown = [
        f"{path}: {rule}"
        for path in files()
        for rule in CITED.findall((ROOT / path).read_text(errors="replace"))
        if rule not in listed
    ]

    assert unknown == []


def test_the_list_is_well_formed_and_has_each_rule_once_in_order() -> None:
    bullets = re.findall(r"^- \*\*(.+?)\*\*", README.read_text(), re.MULTILINE)

    in_order = sorted(set(bullets), key=_family_and_number)
    assert bullets == list(rules()) == in_order


def _family_and_number(rule: str) -> tuple[int, int]:
    family, number = rule.split("-")
    return FAMILIES.split("|").index(family), int(number)
