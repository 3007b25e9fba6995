"""The types of the texts in a language package such as `zh_tw`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldTexts:
    """A form field's label, its visible hint, and the help that a button opens."""

    label: str
    hint: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTexts:
    """The texts of the registration pages about a kind of account.

    `after` names the next step after verification, and `company` explains which company to enter.
    """

    name: str
    about: str
    after: str
    company: str


@dataclass(frozen=True, slots=True)
class MailRefusalTexts:
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class StateTexts:
    """The name of a state, and the colour of its mark: wait, good or bad."""

    name: str
    colour: str
