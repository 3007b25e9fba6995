"""Messages for problems and for invalid fields."""

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

FIELD_ERRORS: Final[Mapping[str, str]] = {
    "company_name": "需填寫人員完整姓名，不可為公司名稱",
    "control_character": "含有無法使用的特殊字元，請重新輸入",
    "control_character.unreadable": "含有無法處理的字元",
    "fapi2_needed.dpop": "fapi2 須使用 DPoP",
    "fapi2_needed.key": "fapi2 須以金鑰（private_key_jwt）驗證身分",
    "invalid": "資料不正確",
    "invalid.cursor": "分頁位置不正確",
    "invalid_address": "請填寫含縣市的完整地址，例：804004高雄市鼓山區蓬萊路10號",
    "invalid_code": "驗證碼為 6 位數字，請再確認",
    "invalid_email": "Email 格式不正確，例：example@gmail.com",
    "invalid_email.too_long": "Email 最多 {max} 個字元",
    "invalid_keys": "公開金鑰須為 JWK Set，僅含 RSA（2048 至 4096 位元）或 EC（P-256）的公開金鑰",
    "invalid_kind": "帳號類型須為 general（一般帳號）或 link（鏈結帳號）",
    "invalid_mobile": "請填寫臺灣手機號碼，例：0912345678",
    "invalid_mobile.mobile_length": "手機號碼須為 {digits} 碼，您填寫了 {typed} 碼，請再確認，例：0912345678",
    "invalid_phone": "請填寫含區碼的市話（可加分機）或手機號碼，例：02-12345678#12345",
    "invalid_phone.extension": "分機號碼最多 {max} 碼，您填寫了 {typed} 碼，請再確認",
    "invalid_phone.first_digit": "區碼 {area} 沒有以 {first} 開頭的電話號碼，請再確認",
    "invalid_phone.freephone": "免付費電話（0800、0809）不能作為公司電話，請改填含區碼的市話或手機號碼",
    "invalid_phone.length": "區碼 {area} 的電話號碼須為 {digits} 碼（不含區碼與分機），您填寫了 {typed} 碼，請再確認",
    "invalid_phone.mobile_length": "手機號碼須為 {digits} 碼，您填寫了 {typed} 碼，請再確認",
    "invalid_phone.two_lengths": "區碼 {area} 的電話號碼須為 {fewest} 或 {most} 碼（不含區碼與分機），"
    "您填寫了 {typed} 碼，請再確認",
    "invalid_postal_code": "郵遞區號須為 3、5 或 6 碼",
    "invalid_tax_id": "請填寫 8 碼統一編號；政府機關可填機關代碼（9 或 10 碼英文字母與數字）",
    "invalid_tax_id.length": "統一編號須為 8 碼，您填寫了 {typed} 碼；政府機關可填機關代碼（9 或 10 碼英文字母與數字）",
    "invalid_uri": "網址格式不正確",
    "invalid_uri.fragment": "網址不可含「#」",
    "invalid_uri.not_https": "網址須以 https:// 開頭；僅本機（127.0.0.1、[::1]、localhost）可使用 http://",
    "invalid_uri.private_scheme": "應用程式自訂的通訊協定須為反向網域名稱，例：com.example.app:/callback",
    "invalid_uri.userinfo": "網址不可含帳號或密碼",
    "invalid_uri.wildcard": "網址不可含「*」，請逐一登記完整網址",
    "invalid_username": "帳號須為 4 至 30 個英文字母、數字、「.」、底線（_）或「-」，並以英文字母開頭",
    "invalid_username.web_address": "帳號不可像網址：開頭不可為「www.」，結尾不可為「.com」、「.tw」等網域名稱",
    "keys_unused": "只有以金鑰驗證身分的服務才能登記公開金鑰",
    "malformed_json": "JSON 結構過深",
    "password_common": "密碼太常見或太容易猜到（例如地名或公司名稱加上年份），請改用較少見的字詞組合",
    "password_keyboard_run": "密碼不可含 {min} 個以上依順序排列的字元（例：12345、abcde、qwert）",
    "password_keyboard_run.repeat": "密碼不可含連續 {min} 個以上相同的字元（不分大小寫，例：aaaaa）",
    "password_personal": "密碼不可含帳號、姓名、手機、Email 或公司資料",
    "password_too_long": "密碼最多 {max} 個字元",
    "password_too_plain": "密碼須含大寫英文、小寫英文、數字、符號四類中至少三類",
    "password_too_short": "密碼至少需 {min} 個字元",
    "pkce_needed": "沒有密鑰的應用程式與 fapi2 一律須使用 PKCE",
    "required": "此欄位為必填",
    "resource_taken": "此資源已由其他服務登記",
    "said_twice": "參數重複",
    "same_mailbox": "與目前的 Email 相同",
    "tax_id_checksum": "統一編號不正確（檢查碼不符），請再確認",
    "too_long": "最多 {max} 個字",
    "too_long.items": "最多 {max} 筆",
    "too_short": "至少需 {min} 個字",
    "unknown_client": "查無此服務，或尚未登記",
    "unknown_field": "無法識別的欄位",
    "unknown_value": "須為下列之一：{allowed}",
    "unreadable": "內容過長或含有無法處理的字元",
    "web_address": "不可含有網址；英文字之間的句點後請空一格，例：Co., Ltd.",
    "wrong_type": "資料型別不正確",
    "wrong_type.encoding": "文字編碼不正確",
}
"""Messages for `InvalidValue`, by code or `code.case`."""

SEPARATOR: Final = "、"
"""The separator between the items of a list."""

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
"""Advice for people: after a reset, its browser can log in although the login is locked (SEC-3)."""
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
"""Messages by refusal and by `is_link` or `here`."""

PASSWORD_SUMMARY: Final = "{min} 至 {max} 個字元{classes}"
PASSWORD_CLASSES: Final = "，且須含大寫英文、小寫英文、數字、符號四類中至少三類"
PASSWORD_HINT: Final = "{summary}；不可含您的帳號、姓名等資料，也不可太常見"
PASSWORD_DESCRIPTION: Final = (
    "密碼須為 {summary}；不可含帳號、姓名、手機、Email 或公司資料，"
    "不可使用常見密碼、容易猜到的組合（例如地名加上年份）"
    "或 {min_run} 個以上依順序排列（例：12345、abcde、qwert）或重複（例：aaaaa）的字元。"
)
