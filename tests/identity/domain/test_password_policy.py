"""The password rules of both profiles (REG-10, SEC-2)."""

import random
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain import password_strength
from identity.domain.common_passwords import digest_of, is_common, load
from identity.domain.errors import InvalidValue
from identity.domain.password_policy import PasswordPolicy, Profile, normalized
from identity.domain.password_strength import guesses
from identity.http.field_errors import field_error_sentence
from zxcvbn import matching
from zxcvbn.frequency_lists import FREQUENCY_LISTS

GOOD = "Harbour-Crane-77!"


def codes(password: str, *personal_terms: str, profile: Profile = "tw-gov") -> list[str]:
    return [error.code for error in PasswordPolicy(profile).errors(password, personal_terms)]


@pytest.mark.rule("REG-10", "SEC-2")
@pytest.mark.parametrize("profile", ["tw-gov", "nist"])
def test_a_long_and_mixed_password_is_accepted(profile: Profile) -> None:
    assert codes(GOOD, "number01", "錢大明", profile=profile) == []


@pytest.mark.rule("REG-10", "SEC-2")
@pytest.mark.parametrize(
    ("profile", "refused", "accepted"),
    [("tw-gov", "Kx9-vRm2pTq", "Kx9-vRm2pTqL"), ("nist", "kxvrmptqlwznhd", "kxvrmptqlwznhdg")],
)
def test_the_profile_sets_the_minimum_length(profile: Profile, refused: str, accepted: str) -> None:
    assert (codes(refused, profile=profile), codes(accepted, profile=profile)) == (["password_too_short"], [])


@pytest.mark.rule("REG-10", "SEC-2")
@pytest.mark.parametrize(
    ("password", "errors"),
    [
        ("kxvrmptqlwznhdg", ["password_too_plain"]),
        ("kxvrmptqlwznHDG", ["password_too_plain"]),
        ("kxvrmptqlwzn837", ["password_too_plain"]),
        ("kxvrmptqlwHD837", []),
        ("kxvrmptqlw-837", []),
        ("KXVRMPTQLW-837", []),
        ("kxvrmptqlw港837", []),
    ],
)
def test_tw_gov_requires_three_of_four_character_classes(password: str, errors: list[str]) -> None:
    assert codes(password) == errors


@pytest.mark.rule("SEC-2")
def test_nist_has_no_composition_rule() -> None:
    assert codes("kxvrmptqlwznhdg", profile="nist") == []


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize("profile", ["tw-gov", "nist"])
@pytest.mark.parametrize(
    ("password", "term"),
    [
        ("Xq7-NUMBER01-vRm2", "number01"),
        ("Xq7-錢大明-vRm2pTqL", "錢大明"),
        ("Xq7-0912345678-vRm", "0912345678"),
        ("Xq7-susanne-vRm2pT", "susanne@example.com"),
        ("Xq7-大明運輸-vRm2pTq", "大明運輸"),
        ("Xq7-04595257-vRm2pT", "04595257"),
    ],
)
def test_a_password_must_not_contain_personal_terms(profile: Profile, password: str, term: str) -> None:
    assert "password_personal" in codes(password, term, profile=profile)


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize("profile", ["tw-gov", "nist"])
@pytest.mark.parametrize(
    "password",
    [
        "Qwert-Kx9-vRm2-pTq",
        "Kx9-54321-vRm2-pTq",
        "Kx9-ABCDE-vRm2-pTq",
        "Kx9-1qaz2-vRm-pTqL",
        "Kx9-aaAAA-vRm2-pTq",
    ],
)
def test_a_password_must_not_contain_a_keyboard_run(profile: Profile, password: str) -> None:
    (error,) = PasswordPolicy(profile).errors(password)

    assert (error.code, error.case) == ("password_keyboard_run", "repeat" if "aaAAA" in password else "")


@pytest.mark.rule("SEC-2", "REG-11")
def test_a_password_being_typed_gets_only_the_missing_requirements() -> None:
    assert [codes("ab"), codes("Ab-1")] == [
        ["password_too_short", "password_too_plain"],
        ["password_too_short"],
    ]


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize(
    "password",
    [
        "Password2023!", "Iloveyou2020!", "Sunshine2020!", "Changeme@2026", "P@ssw0rd2026!!", "Welcome@2031",
        "Taiwan2026!!", "Kaohsiung2026!", "Keelung@Port113", "Zhongguo2026!", "Ilovetaiwan888!", "Gaoxiong-2026",
        "Evergreen@2024", "Yangming1150101!", "Tsmc2330tsmc!", "Woaini1314520!", "台灣加油Taiwan115",
        "民國115年Taiwan!", "ji32k7au4a83A!", "Ji32k7au4a83-1", "su3cl3g45j4!A", "W961o3-2026!!", "Roc115-Taipei",
        "Kao-hsiung-2024", "Hsin.chu.2024!", "T'ai-pei-2026!", "I love you 2020", "Tai_chung_113!",
    ],
)  # fmt: skip
def test_a_common_password_is_refused(password: str) -> None:
    assert "password_common" in codes(password)


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize(
    "password",
    [
        "Passw0rd-Passw0rd",
        "Password-1-Password-2",
        "Passw0rd-passw0rd-PASSW0RD-passw0rd",
        "Passw0rd-Sunshine1",
        "Football!Baseball1",
    ],
)
def test_two_common_passwords_joined_are_refused(password: str) -> None:
    assert codes(password) == ["password_common"]


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize(
    "password",
    [
        "Jonasbrothers1!",
        "#1Tequieromucho",
        "Sojdlg123aljg",
        "SOJDLG123aljg!!",
        "eljcnjdthtybt",
        "Elizaveta2000",
    ],
)
def test_a_common_long_password_is_refused_in_any_case_and_with_symbols_around_it(password: str) -> None:
    assert is_common(password)
    assert "password_common" in codes(password)


@pytest.mark.rule("SEC-2")
def test_the_list_has_100_000_passwords_and_no_random_password() -> None:
    letters, rng = string.ascii_letters + string.digits + "-_=", random.Random(1)
    found = [is_common("".join(rng.choices(letters, k=16))) for _ in range(1000)]

    assert (len(load()) / len(digest_of("")), any(found)) == (100_000, False)


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize(
    "password", ["Kx9-vRm2pTqL", "tR7#kq9Lz!2pW", "h6;T/2mq4-Rx9v", "Wharf.Lantern.41", "蓬萊Basalt-mango7"]
)
def test_a_password_of_rare_parts_is_accepted(password: str) -> None:
    assert codes(password) == []


@pytest.mark.rule("SEC-2")
@pytest.mark.parametrize(
    "phrase",
    [
        "lantern quay basalt mango",
        "correct horse battery staple",
        "the ferry and the crane and the quay",
    ],
)
def test_a_phrase_of_several_common_words_is_accepted(phrase: str) -> None:
    assert codes(phrase, profile="nist") == []


@pytest.mark.rule("SEC-2")
def test_a_password_has_at_most_128_characters() -> None:
    longest = (GOOD * 8)[:128]

    assert (codes(longest), codes(longest + "x")) == ([], ["password_too_long"])


@pytest.mark.rule("SEC-2")
@given(st.text(min_size=1, max_size=40))
def test_passwords_are_compared_in_one_unicode_normal_form(text: str) -> None:
    assert normalized(unicodedata.normalize("NFD", text)) == normalized(unicodedata.normalize("NFC", text))


@pytest.mark.rule("SEC-2")
def test_characters_are_counted_after_normalization() -> None:
    decomposed = unicodedata.normalize("NFD", "Éü-ñ7öéà2x")

    assert "password_too_short" in codes(decomposed)


@pytest.mark.rule("SEC-2")
@given(st.text(max_size=140))
def test_every_text_is_accepted_or_refused_with_a_reason(password: str) -> None:
    errors = list(PasswordPolicy("tw-gov").errors(password))

    assert all(
        error.code.startswith("password_") and "密碼" in field_error_sentence(error) for error in errors
    )


@pytest.mark.rule("SEC-2")
def test_check_raises_the_first_error() -> None:
    with pytest.raises(InvalidValue, match="password_too_short"):
        PasswordPolicy("tw-gov").check("short")


@pytest.mark.rule("SEC-2")
def test_one_dictionary_gives_the_same_guesses_as_zxcvbns_dictionaries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(2)
    separate = {name: matching.build_ranked_dict(words) for name, words in FREQUENCY_LISTS.items()}
    words = sorted(set().union(*separate.values()))
    passwords = [
        "".join(rng.choice([each, each.title(), each[::-1]]) for each in rng.sample(words, k=2))
        + rng.choice(["", "!", "1984", "p@ss", "-2025"])
        for _ in range(300)
    ]
    merged = [guesses(password, ["member"]) for password in passwords]
    ours = password_strength._dictionaries()["taiwan"]  # noqa: SLF001 - nothing else returns them apart

    monkeypatch.setattr(password_strength, "_dictionaries", lambda: {**separate, "taiwan": ours})
    monkeypatch.delitem(matching.RANKED_DICTIONARIES, "words")
    for name, ranks in separate.items():
        monkeypatch.setitem(matching.RANKED_DICTIONARIES, name, ranks)

    assert [guesses(password, ["member"]) for password in passwords] == merged
