"""The number of guesses for a password, by zxcvbn with words and years of Taiwan (SEC-2)."""

import functools
import re
from collections import defaultdict
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_SCORED_CHARACTERS = 64
"""zxcvbn's run time grows faster than the length, and 64 characters suffice to show that a password is strong."""
_SUBSTITUTES = frozenset("4@8({[<3691!|70$5+%2")
"""The digits and symbols that zxcvbn also reads as letters ("l33t")."""
_MAX_SUBSTITUTES = 4
_REPEAT = re.compile(r"(.{3,})(.*?)\1", re.IGNORECASE | re.DOTALL)
_YEAR = re.compile(r"19\d\d|20[0-4]\d")
"""zxcvbn's own pattern ends with 2019."""
_MINGUO_YEARS = range(50, 131)
"""The years of the Republic of China that people use: 1961 to 2041."""
_KEYS = re.compile(r"(?=.*\d)[a-z0-9,./;-]+")
_SEPARATOR = re.compile(r"(?<=[^\W\d_])[-_.'\u2019 ](?=[^\W\d_])")
"""A separator between the syllables of a word, as in `Kao-hsiung`."""
_MIN_SAVED_KEYS = 4
"""A replacement that saves fewer keys can match by chance."""


def guesses(password: str, terms: list[str]) -> int:
    """Return the fewest guesses over all ways to divide a password into parts that zxcvbn finds.

    zxcvbn's own total adds 10^4 to the power of the number of further parts, so that any three words in a row would
    pass. A word that is divided into syllables counts as the word and its separators.
    """
    from zxcvbn import scoring

    undivided, separators = _SEPARATOR.subn("", password)
    fewest = _fewest_guesses(password, terms)
    if not separators:
        return fewest
    more: int = scoring.BRUTEFORCE_CARDINALITY**separators
    return min(fewest, _fewest_guesses(undivided, terms) * more)


def _fewest_guesses(password: str, terms: list[str]) -> int:
    from zxcvbn import matching, scoring

    text = _without_repeats(_scorable(_read_zhuyin(password)))
    words = {**_dictionaries(), "user_inputs": matching.build_ranked_dict([term.lower() for term in terms])}
    ending: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for match in matching.omnimatch(text, words):
        ending[match["j"]].append(match)
    fewest = [1]
    for end in range(len(text)):
        parts = (fewest[match["i"]] * int(scoring.estimate_guesses(match, text)) for match in ending[end])
        fewest.append(min([fewest[end] * scoring.BRUTEFORCE_CARDINALITY, *parts]))
    return fewest[-1]


def preload() -> None:
    """Load the dictionaries (14 MB). Web processes call this before they fork, to share the memory."""
    _dictionaries()
    _zhuyin()


@functools.cache
def _dictionaries() -> dict[str, dict[str, int]]:
    """Return zxcvbn's dictionaries and ours. Replaces those in zxcvbn's module, and its pattern of years.

    They are loaded at first use, because the relay and most commands do not need them.
    """
    from zxcvbn import matching

    matching.REGEXEN["recent_year"] = _YEAR
    # zxcvbn looks up every substring in every dictionary. Only the best rank matters, so one dictionary is faster.
    of_zxcvbn = _merged(*matching.RANKED_DICTIONARIES.values())
    matching.RANKED_DICTIONARIES.clear()
    matching.RANKED_DICTIONARIES["words"] = of_zxcvbn
    of_taiwan = {spelling: rank for rank, spellings in enumerate(_words(), start=1) for spelling in spellings}
    eras = ["", "mg", "roc", *next(spellings for spellings in _words() if "minguo" in spellings)]
    years = {
        f"{era}{year}": rank for rank, year in enumerate(reversed(_MINGUO_YEARS), start=1) for era in eras
    }
    return {"words": of_zxcvbn, "taiwan": _merged(of_taiwan, years)}


def _merged(*dictionaries: Mapping[str, int]) -> dict[str, int]:
    """Return one dictionary with the best rank of each word."""
    ranks: dict[str, int] = {}
    for dictionary in dictionaries:
        for word, rank in dictionary.items():
            ranks[word] = min(rank, ranks.get(word, rank))
    return ranks


@functools.cache
def _words() -> list[list[str]]:
    """Return the spellings of each word, the most common word first."""
    text = files("identity.domain").joinpath("wordlists/taiwan.txt").read_text("utf-8")
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


@functools.cache
def _zhuyin() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return a pattern for the keys that type our words in Zhuyin, and the words by their keys."""
    typed = {keys: word for word, *spellings in _words() for keys in spellings if _KEYS.fullmatch(keys)}
    return re.compile("|".join(map(re.escape, sorted(typed, key=len, reverse=True))), re.IGNORECASE), typed


def _read_zhuyin(password: str) -> str:
    """Replace keys that type our words in Zhuyin, such as `ji32k7au4a83`, with the words, if this saves enough keys."""
    one, words = _zhuyin()
    text = one.sub(lambda keys: words[keys[0].lower()], password)
    return text if len(text) <= len(password) - _MIN_SAVED_KEYS else password


def _scorable(password: str) -> str:
    """Return the text to score: shortened, and with only a few different substitutes for letters.

    zxcvbn's run time grows with the number of different substitutes, and an attacker would try only a few. Each further
    substitute is replaced by a plain symbol.
    """
    scored = password[:_SCORED_CHARACTERS]
    tried = [char for char in dict.fromkeys(scored) if char in _SUBSTITUTES][:_MAX_SUBSTITUTES]
    return "".join(char if char not in _SUBSTITUTES or char in tried else "^" for char in scored)


def _without_repeats(password: str) -> str:
    """Remove parts of three or more characters that occurred before, ignoring case."""
    while (shorter := _REPEAT.sub(r"\1\2", password)) != password:
        password = shorter
    return password
