"""The one table: each refusal with its status, its stable code and its sentence (RFC 9457)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import Response

from identity.domain import errors
from identity.domain.link import Purpose
from identity.domain.password import PasswordPolicy

MEDIA_TYPE = "application/problem+json"
_SECONDS_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """`sentence` may name the refusal's data, and `minutes` of a wait; `shows` are data in the document."""

    status: int
    code: str
    sentence: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldError:
    """A wrong value with the JSON pointer of its field."""

    pointer: str
    code: str
    detail: str


class InvalidInput(errors.Refusal):
    """One or more wrong fields, all reported at once (REG-11)."""

    def __init__(self, field_errors: Iterable[FieldError]) -> None:
        self.errors = tuple(field_errors)
        super().__init__(", ".join(f"{each.pointer}: {each.code}" for each in self.errors))


PROBLEMS: Mapping[type[errors.Refusal], Problem] = {
    errors.InvalidValue: Problem(422, "invalid_input", "輸入的資料不正確"),
    InvalidInput: Problem(422, "invalid_input", "部分欄位填寫不正確，請依各欄位說明修正"),
    errors.Locked: Problem(429, "locked", "登入失敗次數過多，請於 {minutes} 分鐘後再試"),
    errors.PasswordLocked: Problem(429, "locked", "密碼錯誤次數過多，請於 {minutes} 分鐘後再試"),
    errors.TooSoon: Problem(429, "too_soon", "郵件寄送過於頻繁，請於 {wait}後再試"),
    errors.TooManyRequests: Problem(
        429, "too_many_requests", "此網路位址的申請次數過多，請於 {minutes} 分鐘後再試"
    ),
    errors.Busy: Problem(503, "busy", "系統忙碌中，請稍後再試"),
    errors.Unavailable: Problem(503, "unavailable", "系統暫時無法服務，請稍後再試"),
    errors.NotSignedIn: Problem(401, "not_signed_in", "尚未登入，或登入已逾時，請重新登入"),
    errors.BadCredentials: Problem(401, "bad_credentials", "帳號或密碼錯誤"),
    errors.BadClient: Problem(401, "bad_client", "服務的憑證不正確或已失效"),
    errors.ScopeMissing: Problem(403, "right_missing", "此服務沒有執行這項操作的權限", ("right",)),
    errors.BadPassword: Problem(403, "bad_password", "目前密碼不正確"),
    errors.AccountSuspended: Problem(403, "account_suspended", "此帳號已停用，請洽系統管理單位"),
    errors.StepRequired: Problem(403, "step_open", "請先完成登入後的必要步驟", ("step",)),
    errors.ForbiddenWhileSwitched: Problem(
        403, "while_switched", "切換登入期間不能執行此操作，請先返回鏈結帳號管理與登入，或由帳號本人直接登入"
    ),
    errors.WrongKind: Problem(403, "wrong_kind", "此類帳號不能執行這項操作"),
    errors.ForeignOrigin: Problem(403, "foreign_origin", "請求來源不正確，請回到本系統頁面再試一次"),
    errors.NotFound: Problem(404, "not_found", "找不到資料"),
    errors.UsernameTaken: Problem(409, "username_taken", "帳號已經存在，請重設其他帳號"),
    errors.MailboxTaken: Problem(409, "mailbox_taken", "此 Email 已由其他帳號使用"),
    errors.LinkInvalid: Problem(
        400, "link_invalid", "連結不正確，請確認網址是否完整，或使用最新一封郵件中的連結"
    ),
    errors.LinkExpired: Problem(410, "link_expired", "連結已失效，{advice}"),
    errors.LinkSuperseded: Problem(
        410, "link_superseded", "此連結已失效或已由較新的郵件取代，請使用最新一封郵件中的連結"
    ),
    errors.LinkUsed: Problem(410, "link_used", "此連結已使用過，密碼已重設完成，請以新密碼登入"),
    errors.AlreadyVerified: Problem(409, "already_verified", "Email 已完成驗證，請繼續登入後的下一步"),
    errors.NotBindable: Problem(
        422,
        "not_bindable",
        "此帳號無法綁定：僅能綁定已完成郵件驗證並通過審核的一般帳號，且帳號不得為停用狀態",
    ),
    errors.AlreadyBound: Problem(409, "already_bound", "{bound}", ("here",)),
    errors.CodeWrong: Problem(400, "code_wrong", "驗證碼錯誤，{tries}", ("tries_left",)),
    errors.CodeExpired: Problem(410, "code_expired", "驗證碼已失效，請點選【補發驗證信】重新取得驗證碼"),
    errors.CodeExhausted: Problem(
        410, "code_spent", "驗證碼錯誤次數已達上限，請點選【補發驗證信】重新取得驗證碼"
    ),
    errors.NotVerified: Problem(409, "not_verified", "此帳號尚未通過綁定驗證或目前無法使用，不能切換登入"),
    errors.AlreadySwitched: Problem(409, "already_switched", "目前已切換登入，請先返回鏈結帳號管理與登入"),
    errors.NotSwitched: Problem(409, "not_switched", "目前並未切換登入"),
    errors.PasswordReused: Problem(422, "password_reused", "不可使用最近三次用過的密碼"),
    errors.ConsentOutdated: Problem(422, "consent_outdated", "請閱讀並同意目前版本的全部文件"),
    errors.RevisionMissing: Problem(428, "revision_missing", "請先讀取最新資料再儲存"),
    errors.RevisionStale: Problem(412, "revision_stale", "資料已由其他視窗或人員修改，請重新讀取後再儲存"),
    errors.CursorExpired: Problem(
        410, "cursor_expired", "此位置之後的事件已不再保留，請改由 /api/v1/snapshot 重新取得"
    ),
    errors.OperatorMissing: Problem(
        400, "operator_missing", "請以 X-Operator 標頭指明操作人員（1 至 64 個可顯示的字元）"
    ),
    errors.WrongState: Problem(409, "wrong_state", "目前的狀態不能執行此操作", ("state",)),
}

FIELD_ERRORS: Mapping[str, str] = {
    "company_name": "需填寫人員完整姓名，不可為公司名稱",
    "control_character": "不可含有控制字元或看不見的字元",
    "invalid_address": "請填寫含縣市的完整地址，例：804004高雄市鼓山區蓬萊路10號",
    "invalid_code": "請輸入 6 位數字驗證碼",
    "invalid_email": "Email 格式不正確，例：example@gmail.com",
    "invalid_email.too_long": "Email 最多 {max} 個字元",
    "invalid_kind": "帳號類型須為 general（一般帳號）或 link（鏈結帳號）",
    "invalid_mobile": "請填寫臺灣手機號碼，例：0912345678",
    "invalid_phone": "請填寫含區碼的市話（可加分機）或手機號碼，例：02-12345678#12345",
    "invalid_postal_code": "郵遞區號須為 3、5 或 6 碼",
    "invalid_tax_id": "請填寫 8 碼統一編號；政府機關可填機關代碼（9 或 10 碼大寫英文字母與數字）",
    "invalid_username": "帳號須為 4 至 30 個英文字母、數字、「.」、「_」或「-」，並以英文字母開頭",
    "password_common": "密碼太常見或太容易猜到，請改用較少見的字詞組合",
    "password_keyboard_run": "密碼不可含 {min} 個以上連續的鍵盤字元、字母或數字",
    "password_personal": "密碼不可含帳號、姓名、手機、Email 或公司資料",
    "password_too_long": "密碼最多 {max} 個字元",
    "password_too_plain": "密碼須含大寫英文、小寫英文、數字、符號其中三種",
    "password_too_short": "密碼至少需 {min} 個字元",
    "required": "此欄位為必填",
    "same_mailbox": "與目前的 Email 相同",
    "tax_id_checksum": "統一編號檢查碼不符，請確認是否輸入錯誤",
    "too_long": "最多 {max} 個字",
    "too_short": "至少需 {min} 個字",
    "unknown_value": "須為下列之一：{allowed}",
    "web_address": "名稱不可含有網址",
    "web_address.person": "姓名不可含有網址",
}
"""Sentences of `InvalidValue`, by code or `code.case`."""

HTTP_PROBLEMS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "請求格式不正確"),
    404: ("not_found", "找不到資料"),
    405: ("method_not_allowed", "不支援此操作方式"),
    408: ("request_timeout", "請求逾時"),
    411: ("length_required", "請求缺少長度"),
    413: ("too_large", "送出的資料過大"),
    414: ("uri_too_long", "網址過長"),
    415: ("unsupported_media_type", "請以 application/json 格式送出"),
    417: ("expectation_failed", "不支援此請求的要求"),
    431: ("headers_too_large", "請求標頭過大"),
    500: ("internal_error", "系統發生錯誤，請稍後再試"),
    503: ("unavailable", "系統暫時無法服務，請稍後再試"),
}


def refusal_response(refusal: errors.Refusal) -> Response:
    """Return the problem document of a refusal."""
    problem = PROBLEMS[type(refusal)]
    more: dict[str, Any] = {name: getattr(refusal, name) for name in problem.members}
    if "step" in more:
        more["next"] = more.pop("step")
    if isinstance(refusal, InvalidInput):
        more["errors"] = [
            {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail} for fault in refusal.errors
        ]
    response = problem_response(problem.status, problem.code, sentence(refusal), **more)
    if isinstance(refusal, errors.RetryLater):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    if isinstance(refusal, errors.NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 11.6.1
    if isinstance(refusal, errors.BadClient):
        response.headers["WWW-Authenticate"] = 'Basic realm="identity", Bearer'
    return response


def sentence(refusal: errors.Refusal) -> str:
    """Return what a person reads of a refusal."""
    return PROBLEMS[type(refusal)].sentence.format(**vars(refusal), **_words(refusal))


def field_error_sentence(error: errors.InvalidValue) -> str:
    """Return what a person reads of a wrong value."""
    key = f"{error.code}.{error.case}" if error.case else error.code
    return FIELD_ERRORS[key].format(**error.values)


def field_error(pointer: str, error: errors.InvalidValue) -> FieldError:
    """Return the error of the field at a JSON pointer."""
    return FieldError(pointer, error.code, field_error_sentence(error))


def password_summary(policy: PasswordPolicy) -> str:
    """Return length and character classes of a valid password."""
    classes = "，且須含大寫英文、小寫英文、數字、符號其中三種" if policy.min_classes else ""
    return f"{policy.min_characters} 至 {policy.max_characters} 個字元{classes}"


def password_description(policy: PasswordPolicy) -> str:
    """Return the whole rule for a valid password (REG-11)."""
    return (
        f"密碼須為 {password_summary(policy)}；"
        "不可含帳號、姓名、手機、Email 或公司資料，不可使用常見密碼或連續鍵盤字元"
    )


_ADVICE = {
    Purpose.REGISTRATION: "請重新登入申請補發",
    Purpose.EMAIL_CHANGE: "請登入後至帳號資料修改重新變更 Email",
    Purpose.PASSWORD_RESET: "請重新申請重設密碼",
}


def _words(refusal: errors.Refusal) -> dict[str, Any]:  # noqa: PLR0911  # a table, a row each
    """Return the parts of a sentence that the refusal's data decide."""
    match refusal:
        case errors.RetryLater(retry_after_seconds=wait):
            minutes = ceil(wait / _SECONDS_A_MINUTE)
            return {
                "minutes": minutes,
                "wait": f"{wait} 秒" if wait <= _SECONDS_A_MINUTE else f"{minutes} 分鐘",
            }
        case errors.LinkExpired(purpose=purpose):
            return {"advice": _ADVICE[Purpose(purpose)]}
        case errors.CodeWrong(tries_left=0):
            return {"tries": "請點選【補發驗證信】重新取得驗證碼"}
        case errors.CodeWrong(tries_left=left):
            return {"tries": f"還可再試 {left} 次"}
        case errors.AlreadyBound(here=True):
            return {"bound": "此帳號已在您的綁定清單中"}
        case errors.AlreadyBound():
            return {"bound": "此帳號已被其他鏈結帳號綁定，須先解除原有綁定"}
        case _:
            return {}


def status_response(status: int) -> Response:
    """Return the problem document of a plain HTTP error."""
    code, sentence = code_and_sentence(status)
    return problem_response(status, code, sentence)


def code_and_sentence(status: int) -> tuple[str, str]:
    """Return the code and the sentence of a plain HTTP error."""
    return HTTP_PROBLEMS.get(status, HTTP_PROBLEMS[500 if status >= 500 else 400])  # noqa: PLR2004 - 5xx: a fault of ours


def problem_response(status: int, code: str, sentence: str, **more: Any) -> Response:
    """Return an RFC 9457 document."""
    body = {
        "type": f"urn:tw:port:identity:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": sentence,
        "code": code,
        **more,
    }
    return Response(json.dumps(body, ensure_ascii=False) + "\n", status=status, content_type=MEDIA_TYPE)
