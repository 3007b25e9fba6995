"""Messages that are shown on the next page."""

from typing import Any

from flask import flash, get_flashed_messages, request

from identity.domain.errors import Refusal
from identity.http import problems
from identity.http.zh_tw import portal as texts

_FETCH_DESTINATION = "empty"
"""The value of Sec-Fetch-Dest in a script's request."""


def flash_message(sentence: str, *, kind: str = "done") -> None:
    """Show a system message on the next page; `kind` is done, notice or error."""
    flash(sentence if sentence.endswith(texts.SENTENCE_ENDS) else sentence + texts.SENTENCE_ENDS[0], kind)


def flash_refusal(refusal: Refusal) -> None:
    flash_message(problems.sentence(refusal), kind="error")


def flashed_messages() -> list[tuple[str, str]]:
    """Return kind and text of each message, without repetitions. Scripts' requests leave them to the next page."""
    if request.headers.get("Sec-Fetch-Dest") == _FETCH_DESTINATION:
        return []
    waiting: Any = get_flashed_messages(with_categories=True)
    return list(dict.fromkeys(waiting))
