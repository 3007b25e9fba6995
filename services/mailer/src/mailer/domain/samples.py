"""What previews show and what every template is tried with at start (MAIL-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_NAME: Final = "錢大明"
SAMPLE_CODE: Final = "314159"
# What a test mail bears, so that whoever gets it follows nothing in it.
TEST_SUBJECT: Final = "【測試】"
TEST_LINE: Final = "※本信為測試信，內容均為範例資料，信中的連結或驗證碼並無作用。"

_TOKEN = "{token}"  # noqa: S105 - a placeholder
_ACCOUNT = {"username": "number01"}
_VERIFY = "{public_url}/email/verify?token=" + _TOKEN
_LOGIN = "{public_url}/"
_PARTIES = {
    "username": "account001",
    "company": "測試三號有限公司",
    "link_username": "number01",
    "link_name": "錢大明",
    "link_company": "錢大明股份有限公司",
}


def _removed(removed_by: str, reader: str) -> Mapping[str, str]:
    return {**_PARTIES, "removed_by": removed_by, "reader": reader}


def _for_both(content: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    return ({**content, "kind": "general"}, {**content, "kind": "link"})


SAMPLES: Final[Mapping[str, tuple[Mapping[str, str], ...]]] = {
    "registration_general": ({"username": "account001", "link": _VERIFY},),
    "registration_link": ({**_ACCOUNT, "link": _VERIFY},),
    "mailbox_already_registered": _for_both({**_ACCOUNT, "login_url": _LOGIN}),
    "bind_code": ({**_PARTIES, "code": SAMPLE_CODE},),
    "binding_verified": (_PARTIES,),
    "binding_removed": (
        _removed("link", "general"),
        _removed("general", "link"),
        _removed("password_reset", "link"),
        _removed("password_changed", "link"),
        _removed("account_closed", "link"),
        _removed("account_closed", "general"),
        _removed("operator", "link"),
        _removed("operator", "general"),
    ),
    "email_change": ({**_ACCOUNT, "link": "{public_url}/email/change?token=" + _TOKEN},),
    "email_changed": ({**_ACCOUNT, "new_email_masked": "n•••@example.com"},),
    "password_reset": ({**_ACCOUNT, "link": "{public_url}/password/reset?token=" + _TOKEN},),
    "password_changed": ({**_ACCOUNT, "reason": "changed"}, {**_ACCOUNT, "reason": "reset"}),
    "approved": _for_both({**_ACCOUNT, "login_url": _LOGIN}),
    "rejected": _for_both({**_ACCOUNT, "reason": "公司名稱與統一編號的登記資料不符，請確認後重新申請。"}),
}
# As long as a real one, so that a preview shows how the address wraps.
SAMPLE_PROOF: Final = (
    "eyJwIjoicmVnaXN0cmF0aW9uIiwiYSI6IjAxOTlhM2VmLTFjNTItN2QwZS04YTUyLTllMWY2YTNiNWMyMiJ9.aVxQ2g.7c0fJt3mKq1"
)


def fill(sample: Mapping[str, str], public_url: str) -> dict[str, str]:
    """Return the sample with links under the public address."""
    return {
        key: value.replace("{public_url}", public_url).replace(_TOKEN, SAMPLE_PROOF)
        for key, value in sample.items()
    }
