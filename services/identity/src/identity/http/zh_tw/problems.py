"""Messages of refusals and of other HTTP errors."""

from collections.abc import Mapping
from typing import Final

from identity.domain import errors
from identity.domain.mail_link import Purpose
from identity.http.field_errors import InvalidInput

REFUSALS: Final[Mapping[type[errors.Refusal], str]] = {
    errors.InvalidValue: "輸入的資料不正確",
    InvalidInput: "部分欄位填寫不正確，請依各欄位說明修正",
    errors.Locked: "登入失敗次數過多，請於 {minutes} 分鐘後再試{way_out}",
    errors.TooManyChecks: "密碼確認次數過多，請於 {minutes} 分鐘後再試",
    errors.TooManyChanges: "資料修改次數過多，請於 {wait}後再試",
    errors.TooManySwitches: "切換登入次數過多，請於 {wait}後再試",
    errors.TooSoon: "郵件寄送過於頻繁，請於 {wait}後再試",
    errors.TooManyRequests: "來自此網路位址的申請次數過多，請於 {minutes} 分鐘後再試",
    errors.Busy: "系統忙碌中，請稍後再試",
    errors.Unavailable: "系統暫時無法提供服務，請稍後再試",
    errors.NotSignedIn: "尚未登入，或登入已逾時，請重新登入",
    errors.SessionEnded: "密碼錯誤次數過多，已將您登出，請重新登入",
    errors.BadCredentials: "帳號或密碼錯誤{warning}",
    errors.BadClient: "服務的身分驗證失敗",
    errors.InvalidProof: "服務的 DPoP 證明不正確或已失效",
    errors.InvalidIdToken: "服務傳來的登入資訊不正確",
    errors.ScopeMissing: "此服務沒有執行此操作的權限",
    errors.BadPassword: "目前密碼不正確{warning}",
    errors.AccountSuspended: "此帳號已停用，請洽系統管理單位",
    errors.ReviewRejected: "您申請的帳號未通過審核",
    errors.StepRequired: "請先完成登入後的必要步驟",
    errors.ForbiddenWhileSwitched: "切換登入期間無法進行此操作，"
    "請先回到「鏈結帳號管理與登入」，或由該帳號使用者本人登入",
    errors.WrongKind: "此類帳號無法執行此操作",
    errors.ForeignOrigin: "請求來源不正確，請回到本系統頁面再試一次",
    errors.NotFound: "找不到資料",
    errors.UsernameTaken: "帳號已經存在，請重設其他帳號",
    errors.MailboxTaken: "此 Email 已由其他帳號使用",
    errors.LinkInvalid: "連結不正確，請確認網址是否完整，或使用最新一封信件中的連結",
    errors.LinkExpired: "連結已失效，{advice}",
    errors.LinkSuperseded: "此連結已失效或已被較新的信件取代，請使用最新一封信件中的連結",
    errors.LinkUsed: "此連結已使用過，密碼已重設，請以新密碼登入",
    errors.AlreadyVerified: "Email 已完成驗證，請繼續登入後的下一步",
    errors.NotBindable: "此帳號無法綁定。{why}",
    errors.AlreadyBound: "{why}",
    errors.CodeWrong: "驗證碼錯誤，{tries}",
    errors.CodeExpired: "驗證碼已失效，請按【補發驗證信】重新取得驗證碼",
    errors.CodeExhausted: "驗證碼錯誤次數已達上限，請按【補發驗證信】重新取得驗證碼",
    errors.NotVerified: "此帳號尚未通過綁定驗證，或目前無法使用，無法切換登入",
    errors.AlreadySwitched: "您已切換登入其他公司，請先回到「鏈結帳號管理與登入」",
    errors.NotSwitched: "目前並未切換登入",
    errors.PasswordReused: "不可使用最近三次用過的密碼",
    errors.ConsentOutdated: "請閱讀並同意最新版本的全部文件",
    errors.RevisionMissing: "請先讀取最新資料再儲存",
    errors.RevisionStale: "資料已在其他視窗或由他人修改，請重新載入後再儲存",
    errors.CursorExpired: "此位置之後的事件已不再保留，請改由 /api/v1/snapshot 重新取得",
    errors.OperatorMissing: "請以 X-Operator 標頭指明操作人員（1 至 64 個可顯示的字元）",
    errors.WrongState: "目前的狀態無法執行此操作",
}
"""Messages by refusal, formatted with the refusal's attributes and the values that `http/problems.py` derives."""

STATUSES: Final[Mapping[int, str]] = {
    400: "請求格式不正確",
    404: "找不到資料",
    405: "不支援此操作方式",
    408: "請求逾時",
    411: "請求缺少 Content-Length 標頭",
    413: "送出的資料過大",
    414: "網址過長",
    415: "請以 application/json 格式送出",
    417: "無法滿足 Expect 標頭的要求",
    421: "本系統不提供此網址的服務",
    431: "請求標頭過大",
    500: "系統發生錯誤，請稍後再試",
    503: "系統暫時無法提供服務，請稍後再試",
}
"""Messages for plain HTTP errors, by status."""

LINK_EXPIRED_ADVICE: Final[Mapping[Purpose, str]] = {
    Purpose.REGISTRATION: "請重新登入申請補發",
    Purpose.EMAIL_CHANGE: "請登入後至「基本資料維護」重新變更 Email",
    Purpose.EMAIL_CANCEL: "無法再以此連結取消 Email 變更",
    Purpose.EMAIL_RESTORE: "無法再以此連結取消 Email 變更",
    Purpose.PASSWORD_RESET: "請重新申請重設密碼",
}
TRIES_WARNINGS: Final[Mapping[tuple[type[errors.Refusal], int | None], str]] = {
    (errors.BadCredentials, 1): "，再錯 1 次將鎖定 {minutes} 分鐘",
    (errors.BadCredentials, 0): "，已鎖定 {minutes} 分鐘，請稍後再試{way_out}",
    (errors.BadPassword, 1): "，再錯 1 次將自動登出",
}
"""Warnings by refusal and number of remaining attempts (LOGIN-2, SEC-19)."""
LOCK_WAY_OUT: Final = "，或以「忘記密碼？」重設密碼"
"""After a reset, the browser that was used for it can log in although the account is locked (SEC-3)."""
LOCK_WAY_OUT_OF_OTHER: Final = "，或請該帳號的使用者於登入頁以「忘記密碼？」重設密碼"
NO_TRIES_LEFT: Final = "請按【補發驗證信】重新取得驗證碼"
TRIES_LEFT: Final = "還可再試 {count} 次"
BINDING_REFUSALS: Final[Mapping[tuple[type[errors.Refusal], bool], str]] = {
    (errors.NotBindable, False): "僅能綁定已完成 Email 驗證及審核、且未停用的一般帳號",
    (errors.NotBindable, True): "鏈結帳號不能再綁定鏈結帳號，請輸入各公司的一般帳號",
    (
        errors.AlreadyBound,
        False,
    ): "此帳號已被其他鏈結帳號綁定，請先以該帳號登入，於「基本資料維護」的「帳號資料修改」解除原有綁定",
    (errors.AlreadyBound, True): "此帳號已在您的綁定清單中",
}
"""Messages by refusal and the value of its `is_link` or `here`."""
