"""The types in which a language package such as `zh_tw` provides its texts to the pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldTexts:
    """A form field's label, the hint always shown beside it, and the help behind its help mark."""

    label: str
    hint: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTexts:
    """What the registration pages say of a kind of account.

    `after` says what verification leads to, `company` which company to enter.
    """

    name: str
    about: str
    after: str
    company: str


@dataclass(frozen=True, slots=True)
class MailRefusalTexts:
    """Why a mail was not delivered, and what its reader can do."""

    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class StateTexts:
    """The name of a state, and the colour of its mark: wait, good or bad."""

    name: str
    colour: str
