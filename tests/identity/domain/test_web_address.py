"""Names must not look like web addresses (REG-3, REG-4, SEC-9)."""

import pytest
from identity.domain.company import parse_company_name
from identity.domain.errors import InvalidValue
from identity.domain.full_name import parse_full_name
from identity.domain.username import parse_username


@pytest.mark.rule("REG-4", "SEC-9")
@pytest.mark.parametrize(
    "name",
    [
        "J.Smith", "J. R. Smith", "J.R.R. Tolkien", "C.Y.Li", "Dr.Wang", "Mr.Chen", "St.John Lee", "Mary J.Blige",
        "谷辣斯．尤達卡", "谷辣斯.尤達卡", "瑪麗‧史密斯", "王小明 Jr.", "E.Sun", "O'Brien Mary-Jane",
    ],
)  # fmt: skip
def test_initials_and_titles_are_accepted_in_names(name: str) -> None:
    assert parse_full_name(name) == name


@pytest.mark.rule("REG-8", "SEC-9")
@pytest.mark.parametrize(
    "name",
    [
        "Daming Co., Ltd.", "Daming Co.,Ltd.", "Daming Co.Ltd.", "A.Co., Ltd.", "A.B.C. Inc.", "U.S.A. Intl. Corp.",
        "Daming Pte. Ltd.", "No.1 Logistics", "Web2.0 科技有限公司", "大明 Co., Ltd. 台灣分公司", "E.SUN Bank",
        "3.大明",
    ],
)  # fmt: skip
def test_legal_forms_and_initials_are_accepted_in_company_names(name: str) -> None:
    assert parse_company_name(name) == name


@pytest.mark.rule("REG-4", "REG-8", "SEC-9")
@pytest.mark.parametrize(
    "name",
    [
        "evil.co", "點我 bit.ly", "bit.ly 點我", "EVIL.COM", "evil.com.tw", "evil.travel", "請至evil-port.tw驗證",
        "evil．com", "evil｡com", "evil。com", "ｅｖｉｌ．ｔｗ", "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦", "x.com", "t.co", "a.b.com", "co.tw",
        "104.com", "領獎.台灣",
        "evil.台灣", "點我.tw", "領獎.公司", "請至www.x", "www.王小明", "WWW.evil", "ftp://王", "a@b", "王:evil.zz/x",
        "EVIL.CO.,LTD.",
    ],
)  # fmt: skip
def test_a_name_that_looks_like_a_web_address_is_refused(name: str) -> None:
    for parse in (parse_full_name, parse_company_name):
        with pytest.raises(InvalidValue) as error:
            parse(name)

        assert error.value.code == "web_address"


@pytest.mark.rule("REG-3", "SEC-9")
@pytest.mark.parametrize(
    "name",
    ["evil.com", "EVIL.COM", "evil.com.tw", "evil.co", "evil.travel", "evil.com.", "evil.com_", "evil.com-", "john.li",
     "www.port", "a-www.port", "WWW.abc1", "evil．com", "evil.xn--kpry57d"],
)  # fmt: skip
def test_a_username_that_looks_like_a_web_address_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_username(name)

    assert (error.value.code, error.value.case) == ("invalid_username", "web_address")


@pytest.mark.rule("REG-3")
@pytest.mark.parametrize(
    "name", ["susan.test1", "club", "com.susan1", "a.b_c-9", "susan.", "mywww.a1", "wang.xiaoming"]
)
def test_a_username_with_dots_is_accepted(name: str) -> None:
    assert parse_username(name) == name
