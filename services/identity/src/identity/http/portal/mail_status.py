"""What became of a mail in plain words; the mail server's own words are for operators (VER-6)."""

from collections.abc import Mapping
from dataclasses import dataclass

from identity.usecases.ports.queries import MailState


@dataclass(frozen=True, slots=True)
class MailRefusal:
    """Why a mail was not delivered, and what its reader does now."""

    reason: str
    advice: str


_ANEW = "請改用其他帳號名稱重新申請，或洽系統管理單位協助"
_AGAIN = "按【補發驗證信】重新取得驗證信"
_OPERATOR = "若仍無法收到，請洽系統管理單位。"

OF_MAILER: Mapping[str, MailRefusal] = {
    "mailbox_unknown": MailRefusal(
        "收件信箱不存在",
        f"請核對上方的 Email。若填寫有誤，{_ANEW}。",
    ),
    "mailbox_disabled": MailRefusal(
        "收件信箱已停用",
        f"請先恢復該信箱，再{_AGAIN}。若該信箱已不再使用，{_ANEW}。",
    ),
    "mailbox_full": MailRefusal(
        "收件信箱空間已滿",
        f"請先清出信箱空間，再{_AGAIN}。",
    ),
    "not_accepted": MailRefusal(
        "收件信箱的郵件系統拒收本系統的郵件",
        f"請洽該信箱的管理單位開放接收本系統郵件，再{_AGAIN}。{_OPERATOR}",
    ),
    "message_refused": MailRefusal(
        "收件信箱的郵件系統拒收這封郵件",
        f"請稍後{_AGAIN}。{_OPERATOR}",
    ),
    "unreadable": MailRefusal(
        "系統處理這封郵件時發生錯誤",
        f"請{_AGAIN}。{_OPERATOR}",
    ),
}
"""The categories of the mailer's permanent refusals; a test holds both lists equal."""

OF_IDENTITY: Mapping[str, MailRefusal] = {
    "expired": MailRefusal(
        "郵件未能在連結有效時限內寄出",
        f"請{_AGAIN}。{_OPERATOR}",
    ),
    "mailbox_limit": MailRefusal(
        "此信箱近期的驗證信數量已達上限，本次未寄出",
        f"請稍後{_AGAIN}。",
    ),
}
"""What the mail server was never asked about."""

_UNKNOWN = MailRefusal("郵件無法送達收件信箱", f"請稍後{_AGAIN}。{_OPERATOR}")


def describe_refusal(mail: MailState) -> MailRefusal:
    """Return the words for a refused mail; a category that came later than this table has plain ones too."""
    return {**OF_MAILER, **OF_IDENTITY}.get(mail.category or "", _UNKNOWN)
