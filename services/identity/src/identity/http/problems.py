"""The one table: each refusal with its status, its stable code and its sentence (RFC 9457)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import Response

from identity.domain import errors
from identity.domain.link import Purpose

MEDIA_TYPE = "application/problem+json"
_SECONDS_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """`sentence` may name the refusal's data, and `minutes` of a wait; `shows` are data in the document."""

    status: int
    code: str
    sentence: str
    members: tuple[str, ...] = ()


PROBLEMS: Mapping[type[errors.Refusal], Problem] = {
    errors.InvalidValue: Problem(422, "invalid_input", "輸入的資料不正確"),
    errors.InvalidInput: Problem(422, "invalid_input", "部分欄位填寫不正確，請依各欄位說明修正"),
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
    if isinstance(refusal, errors.InvalidInput):
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
