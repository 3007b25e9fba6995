"""What makes a password good enough (SEC-2). Strength is zxcvbn's; the refusals of 附表十 and NIST are named here."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from identity.domain.errors import InvalidValue

Profile = Literal["tw-gov", "nist"]

MAX_CHARACTERS = 128
_SCORED_CHARACTERS = 64
"""zxcvbn's work grows faster than the length; what is strong in 64 characters stays so."""
_SUBSTITUTES = frozenset("4@8({[<3691!|70$5+%2")
"""The digits and signs that zxcvbn takes for letters written otherwise ("l33t")."""
_MAX_SUBSTITUTES = 4
_MIN_GUESSES = 10**8
"""What zxcvbn calls `safely unguessable`, its score of 3."""
_REPEAT = re.compile(r"(.{3,})(.*?)\1", re.IGNORECASE | re.DOTALL)
_MIN_TERM_CHARACTERS = 4
_MIN_RUN = 5


@dataclass(frozen=True, slots=True)
class _Rules:
    min_characters: int
    classes: int


_PROFILES = {"tw-gov": _Rules(min_characters=12, classes=3), "nist": _Rules(min_characters=15, classes=0)}
_RUNS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)


def normalized(password: str) -> str:
    """Return the one form a password is hashed in: Unicode NFC (SEC-2)."""
    return unicodedata.normalize("NFC", password)


class PasswordPolicy:
    """The refusals of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._rules = _PROFILES[profile]

    @property
    def summary(self) -> str:
        """How long, and of what: the part of the rule that most people meet first."""
        classes = "，且須含大寫英文、小寫英文、數字、符號其中三種" if self._rules.classes else ""
        return f"{self._rules.min_characters} 至 {MAX_CHARACTERS} 個字元{classes}"

    @property
    def description(self) -> str:
        """The rule as a person reads it beside the field (REG-11)."""
        return (
            f"密碼須為 {self.summary}；"
            "不可含帳號、姓名、手機、Email 或公司資料，不可使用常見密碼或連續鍵盤字元"
        )

    def errors(self, password: str, personal_terms: Iterable[str] = ()) -> Iterator[InvalidValue]:
        """Yield what is wrong with a password, each fault with what to change."""
        password = normalized(password)
        if not password:  # zxcvbn judges no empty text
            yield InvalidValue("password_too_short", f"密碼至少需 {self._rules.min_characters} 個字元")
            return
        if len(password) > MAX_CHARACTERS:
            yield InvalidValue("password_too_long", f"密碼最多 {MAX_CHARACTERS} 個字元")
            return
        if len(password) < self._rules.min_characters:
            yield InvalidValue("password_too_short", f"密碼至少需 {self._rules.min_characters} 個字元")
        if _classes(password) < self._rules.classes:
            yield InvalidValue("password_too_plain", "密碼須含大寫英文、小寫英文、數字、符號其中三種")
        words = [word for word in personal_terms if word]
        if _contains_term(password, words):
            yield InvalidValue("password_personal", "密碼不可含帳號、姓名、手機、Email 或公司資料")
        if _contains_run(password):
            yield InvalidValue(
                "password_keyboard_run", f"密碼不可含 {_MIN_RUN} 個以上連續的鍵盤字元、字母或數字"
            )
        elif _guesses(_scorable(password), words) < _MIN_GUESSES:
            yield InvalidValue("password_common", "密碼太常見或太容易猜到，請改用較少見的字詞組合")

    def check(self, password: str, personal_terms: Iterable[str] = ()) -> None:
        """Raise the first fault."""
        for fault in self.errors(password, personal_terms):
            raise fault


def _scorable(password: str) -> str:
    """Return what zxcvbn is given: its work grows with the number of different signs that may stand for letters.

    Beyond a few of them, a guesser would not try them all either: each further one becomes a sign that is just a sign.
    """
    judged = password[:_SCORED_CHARACTERS]
    kept = [sign for sign in dict.fromkeys(judged) if sign in _SUBSTITUTES][:_MAX_SUBSTITUTES]
    return "".join(char if char not in _SUBSTITUTES or char in kept else "^" for char in judged)


def _guesses(password: str, words: list[str]) -> int:
    """Return how many guesses find the pieces that zxcvbn sees in a password, what comes again left out.

    zxcvbn's own sum allows 10^4 guesses for each further piece, whatever it is: a common password would become a
    good one by being written twice, or beside another.
    """
    from zxcvbn import zxcvbn  # its dictionaries take 13 MB, which the relay and most commands do not need

    pieces = zxcvbn(_without_repeats(password), user_inputs=words)["sequence"]
    return prod(int(piece["guesses"]) for piece in pieces)


def _without_repeats(password: str) -> str:
    """Return the password without the parts of it that came before, in whatever case."""
    while (shorter := _REPEAT.sub(r"\1\2", password)) != password:
        password = shorter
    return password


def _classes(password: str) -> int:
    tests = (str.isupper, str.islower, str.isdecimal, lambda char: not char.isalnum())
    found = sum(any(test(char) for char in password) for test in tests)
    # A letter without case (a Chinese character) is no class of the rule; it counts as a sign, being rarer.
    caseless = any(char.isalpha() and not char.isupper() and not char.islower() for char in password)
    return found + (caseless and not any(not char.isalnum() for char in password))


def _contains_term(password: str, words: Iterable[str]) -> bool:
    lowered = password.casefold()
    return any(part in lowered for word in words for part in _parts(word.casefold()))


def _parts(word: str) -> Iterator[str]:
    """Yield what counts: two characters are a name in Chinese, in Latin letters an accident."""
    for part in (word, word.partition("@")[0]):
        if len(part) >= (_MIN_TERM_CHARACTERS if part.isascii() else 2):
            yield part


def _contains_run(password: str) -> bool:
    lowered = password.lower()
    if any(len(set(lowered[at : at + _MIN_RUN])) == 1 for at in range(len(lowered) - _MIN_RUN + 1)):
        return True
    return any(
        run[at : at + _MIN_RUN] in lowered
        for row in _RUNS
        for run in (row, row[::-1])
        for at in range(len(run) - _MIN_RUN + 1)
    )
