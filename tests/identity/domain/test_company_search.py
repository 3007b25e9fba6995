"""The search in a list of companies (BIND-10)."""

import pytest
from identity.domain.company_search import matches

TEXTS = ("臺灣港務股份有限公司", "62140097", "Taiwan.Port")


@pytest.mark.rule("BIND-10")
@pytest.mark.parametrize(
    "query",
    [
        "", "港務", "台灣", "臺灣", "  港務 ", "港務　有限", "有限 台灣", "6214", "６２１４", "62 140 097",
        "taiwan", "ＰＯＲＴ", "港務 port 0097",
    ],
)  # fmt: skip
def test_parts_of_name_tax_id_and_account_are_found_in_any_width_and_case(query: str) -> None:
    assert matches(query, TEXTS)


@pytest.mark.rule("BIND-10")
@pytest.mark.parametrize("query", ["高雄", "港務 高雄", "62149", "taiwanport", "0097tai"])
def test_a_text_in_none_of_the_fields_is_not_found(query: str) -> None:
    assert not matches(query, TEXTS)
