"""Texts and sample data from `texts.toml` in the folder of the built-in templates (MAIL-6)."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from port_events.mail_payload import MailPayload

from mailer.domain.taiwan_time import TAIWAN, whole_units

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

BUILT_IN: Final = Path(__file__).parent.parent / "templates" / "zh_TW"


def default_sender() -> str:
    """Return the default of MAILER_FROM, which is the sender in the user manual."""
    return str(_texts()["sender"])


def format_datetime(at: datetime) -> str:
    """Return the time in Taiwan, to the minute."""
    return str(_texts()["formats"]["datetime"].format(at.astimezone(TAIWAN)))


def format_validity(validity: timedelta) -> str:
    count, unit = whole_units(validity)
    return str(_texts()["formats"][unit].format(count))


def subject_of_test(subject: str) -> str:
    return str(_texts()["test_mail"]["subject"].format(subject))


def notice_of_test() -> str:
    """Return the sentence at the top of a test mail."""
    return str(_texts()["test_mail"]["notice"])


def samples(mail: str, public_url: str) -> Iterator[MailPayload]:
    """Yield payloads that together reach every branch of the mail's templates."""
    sample = _texts()["sample"]
    validity = timedelta(hours=sample["hours"].get(mail, 24))
    if mail in sample["bindings"]:
        contents = [sample["parties"] | each for each in sample["bindings"][mail]]
    else:
        contents = sample["others"][mail]
    for content in contents:
        yield MailPayload(
            event_id="sample",
            event_type="sample",
            address=sample["address"],
            name=sample["name"],
            issued_at=sample["issued_at"],
            expires_at=sample["issued_at"] + validity,
            content={
                key: value.format(public_url=public_url, token=sample["token"])
                for key, value in content.items()
            },
        )


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads((BUILT_IN / "texts.toml").read_text(encoding="utf-8"))
