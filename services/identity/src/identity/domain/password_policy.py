"""The password policy (SEC-2): strength by zxcvbn, and the rules of Taiwan's security baseline or of NIST."""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

from identity.domain.common_passwords import is_common
from identity.domain.errors import InvalidValue
from identity.domain.password_strength import guesses

Profile = Literal["tw-gov", "nist"]
Strength = Literal["fair", "strong"]

MAX_CHARACTERS = 128
MIN_RUN = 5
"""The shortest refused run of equal characters, or of neighbours on the keyboard or in the alphabet."""
_MIN_GUESSES = 10**8
"""zxcvbn's "safely unguessable", a score of 3."""
_STRONG_GUESSES = 10**10
"""zxcvbn's "very unguessable", a score of 4."""
_MIN_TERM_CHARACTERS = 4


_MIN_CHARACTERS = {"tw-gov": 12, "nist": 15}
_MIN_CLASSES = {"tw-gov": 3, "nist": 0}
_RUNS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)


def normalized(password: str) -> str:
    """Return the form in which a password is hashed: Unicode NFC (SEC-2)."""
    return unicodedata.normalize("NFC", password)


class PasswordPolicy:
    """The rules of one profile; `min_classes` counts upper case, lower case, digits and symbols."""

    def __init__(self, profile: Profile) -> None:
        self.min_characters, self.max_characters = _MIN_CHARACTERS[profile], MAX_CHARACTERS
        self.min_classes = _MIN_CLASSES[profile]

    def errors(self, password: str, personal_terms: Iterable[str] = ()) -> Iterator[InvalidValue]:
        """Yield an error for each broken rule.

        Of an empty or overlong password, nothing else is reported; of a repeat, a run and a common password, only one.
        """
        password = normalized(password)
        if not password:  # zxcvbn fails on an empty password
            yield InvalidValue("password_too_short", min=self.min_characters)
            return
        if len(password) > self.max_characters:
            yield InvalidValue("password_too_long", max=self.max_characters)
            return
        too_short = len(password) < self.min_characters
        if too_short:
            yield InvalidValue("password_too_short", min=self.min_characters)
        if _classes(password) < self.min_classes:
            yield InvalidValue("password_too_plain")
        terms = [term for term in personal_terms if term]
        if _contains_term(password, terms):
            yield InvalidValue("password_personal")
        if _contains_repeat(password):
            yield InvalidValue("password_keyboard_run", "repeat", min=MIN_RUN)
        elif _contains_run(password):
            yield InvalidValue("password_keyboard_run", min=MIN_RUN)
        elif not too_short and (is_common(password) or guesses(password, terms) < _MIN_GUESSES):
            yield InvalidValue("password_common")  # a short password is not reported as common too

    def strength(self, password: str, personal_terms: Iterable[str] = ()) -> Strength:
        """Return the strength of a password for which `errors` yields nothing."""
        terms = [term for term in personal_terms if term]
        return "strong" if guesses(normalized(password), terms) >= _STRONG_GUESSES else "fair"

    def check(self, password: str, personal_terms: Iterable[str] = ()) -> None:
        """Raise the first error of a password, an InvalidValue."""
        for error in self.errors(password, personal_terms):
            raise error


def _classes(password: str) -> int:
    tests = (str.isupper, str.islower, str.isdecimal, lambda char: not char.isalnum())
    found = sum(any(test(char) for char in password) for test in tests)
    # A letter without case, such as a Chinese character, belongs to no class. It counts as a symbol, being rarer.
    caseless = any(char.isalpha() and not char.isupper() and not char.islower() for char in password)
    return found + (caseless and not any(not char.isalnum() for char in password))


def _contains_term(password: str, terms: Iterable[str]) -> bool:
    lowered = password.casefold()
    return any(part in lowered for term in terms for part in _significant_parts(term.casefold()))


def _significant_parts(term: str) -> Iterator[str]:
    """Yield the term, and a mailbox's local part, if they have at least 4 characters, or 2 that are not all ASCII."""
    for part in (term, term.partition("@")[0]):
        if len(part) >= (_MIN_TERM_CHARACTERS if part.isascii() else 2):
            yield part


def _contains_repeat(password: str) -> bool:
    lowered = password.lower()
    return any(len(set(lowered[at : at + MIN_RUN])) == 1 for at in range(len(lowered) - MIN_RUN + 1))


def _contains_run(password: str) -> bool:
    lowered = password.lower()
    return any(
        run[at : at + MIN_RUN] in lowered
        for row in _RUNS
        for run in (row, row[::-1])
        for at in range(len(run) - MIN_RUN + 1)
    )
