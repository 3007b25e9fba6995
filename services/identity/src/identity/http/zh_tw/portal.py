"""Texts of the portal's pages that depend on data."""

from collections.abc import Mapping
from typing import Final

from identity.domain.account import Kind
from identity.domain.binding import RemovedReason, Status
from identity.http.text_types import KindTexts, MailRefusalTexts, StateTexts

# --- login --------------------------------------------------------------------------------------------------------

SESSION_ENDED: Final = "登入已逾時或已登出，請重新登入"
SESSION_ENDED_BY_UNBINDING: Final = "「{company}」的綁定已解除，切換登入已結束，請以鏈結帳號重新登入"
SESSION_ENDED_BY_PASSWORD: Final = "密碼錯誤次數過多，已將您登出，剛才的內容尚未儲存，請重新登入"
SESSION_ENDED_BY_NEW_MAILBOX: Final = "Email 已更新，請重新登入確認 Email 資訊是否正確！！"
NOT_SAVED_BEFORE: Final = "剛才的內容尚未儲存。"
SESSION_ENDED_UNSAVED: Final = "登入已逾時或已登出，剛才的內容尚未儲存，請重新登入"

# --- consents -----------------------------------------------------------------------------------------------------

CONSENT_HEADING: Final = "[一二三四五六七八九十]+、"
"""A pattern for the start of a numbered heading in a consent text; its paragraph follows on the next line."""

# --- registration -------------------------------------------------------------------------------------------------

KINDS: Final[Mapping[Kind, KindTexts]] = {
    "general": KindTexts(
        name="一般帳號",
        about="一般帳號可直接登入系統，登入後具申請通行證及查詢列印等功能。",
        after="登入通行證系統",
        company="請填寫您辦理通行證的公司；為多家公司辦理時，須依公司分別申請一般帳號。",
    ),
    "link": KindTexts(
        name="鏈結帳號",
        about="鏈結帳號能將多個「一般帳號」鏈結至單一登入帳號，但「不具」申請通行證及查詢列印等功能。"
        "如果您只有單一家公司要辦理通行證，請直接註冊「一般帳號」登入使用。",
        after="登入通行證系統，進行一般帳號綁定",
        company="請填寫您任職的公司（一家即可）。要切換登入的公司無須在此填寫，請於登入後逐一綁定各公司的一般帳號。",
    ),
}
REGISTERED: Final = "{kind}資料已經成功送出，請收取驗證信！！"
VERIFICATION_SENT_AGAIN: Final = "系統將重新寄送驗證信，請收取最新一封；先前信件中的連結已失效。"
MAILED_TOO_SOON: Final = "郵件寄送過於頻繁，請稍後再試"
MAILBOX_MAILED_TOO_SOON: Final = "寄至此 Email 的郵件過多，請於 {wait}後再試，或改填其他 Email"
MAILBOX_CORRECTED: Final = "Email 已更正，驗證信將寄至 {email}；先前信件中的連結已失效。"

# --- bindings -----------------------------------------------------------------------------------------------------

BINDING_STATES: Final[Mapping[Status, StateTexts]] = {
    "unverified": StateTexts("尚未驗證", "wait"),
    "verified": StateTexts("已驗證", "good"),
    "removed": StateTexts("已被解除", "bad"),
}
REMOVED: Final[Mapping[RemovedReason, str]] = {
    "link": "您已解除此綁定",
    "general": "該帳號的使用者已自行解除綁定",
    "lapsed": "逾 7 日未完成驗證，綁定已自動失效",
    "operator": "系統管理單位已解除此綁定",
    "password_reset": "該帳號已重設密碼，為保護帳號安全，綁定已自動解除",
    "password_changed": "該帳號的使用者變更密碼時，一併解除了綁定",
    "account_closed": "該帳號已註銷",
}
"""Reasons for the end of a binding (UNB-4)."""
REMOVED_AT: Final = "{reason}（{at}）。"
CODE_SENT: Final = (
    "［鏈結帳號綁定驗證碼通知］已發送到被綁定帳號的 Email 信箱！請聯繫帳號使用者取得［驗證碼］。"
)
CODE_SENT_AGAIN: Final = (
    "「鏈結帳號綁定驗證碼通知」已重新發送到被綁定帳號的 Email 信箱！先前的驗證碼已失效，"
    "請聯繫帳號使用者取得新的「驗證碼」。"
)
NEWEST_CODE: Final = "請輸入最新一封信件（{at} 申請）中的驗證碼"
BINDING_VERIFIED: Final = "帳號綁定驗證成功！！"
BINDING_ALREADY_VERIFIED: Final = "此帳號已通過綁定驗證，無須再補發驗證信"
BINDING_REMOVED: Final = "已解除綁定：【{username}】（{company}）。"
BINDING_DISMISSED: Final = "已從清單移除：【{username}】（{company}）。"
BINDING_GONE: Final = "此綁定已解除或已失效，請重新查看綁定帳號清單"
SWITCHED_AS: Final = (
    "目前已切換登入至「{name}（{company}）」。要選擇其他帳號，請先按【前往鏈結帳號管理與登入】。"
)
OWN_BINDING_REMOVED: Final = "帳號解除綁定成功！！"
OWN_BINDING_NONE: Final = "此帳號目前未被綁定，無須解除"

# --- port services (OIDC) -----------------------------------------------------------------------------------------

SCOPE_DATA: Final[Mapping[str, str]] = {
    "openid": "帳號識別碼；以鏈結帳號切換登入時，一併提供鏈結帳號的識別碼",
    "profile": "姓名、帳號、資料更新時間",
    "email": "Email",
    "company": "公司名稱、公司統編、帳號類型",
    "actor": "切換登入所用的鏈結帳號：帳號、姓名、所屬公司",
    "pass:apply": "申請通行證的權限",
    "pass:query": "查詢通行證的權限",
    "pass:print": "列印通行證的權限",
}
"""The data that a service receives with each scope (OIDC-11)."""

# --- own account --------------------------------------------------------------------------------------------------

PROFILE_SAVED: Final = "資料已儲存"
EMAIL_CHANGE_REQUESTED: Final = (
    "本帳號已經成功修改，為了確認 Email 帳戶的唯一性與暢通，請至您更新的 Email 信箱收取驗證信，"
    "認證信有效時限為 24 小時，驗證完成後 Email 才會完成更新！！"
)
PROFILE_UNCHANGED: Final = "資料沒有變更，無須儲存"
EMAIL_CHANGE_WITHDRAWN: Final = "已撤回 Email 變更，先前寄出的驗證信不再有效"
NO_EMAIL_CHANGE: Final = "目前沒有待驗證的 Email 變更"
PASSWORD_CHANGED: Final = "密碼修改成功！其他登入中的裝置皆已登出"
AND_BINDING_REMOVED: Final = "，鏈結帳號的綁定已解除"
AND_EMAIL_CHANGE_WITHDRAWN: Final = "，待驗證的 Email 變更已撤回"
DEVICE_LOGGED_OUT: Final = "已登出該裝置"
DEVICE_ALREADY_LOGGED_OUT: Final = "該裝置先前已登出"
SERVICE_LOGGED_OUT: Final = "已登出該服務"
SERVICE_ALREADY_LOGGED_OUT: Final = "該服務先前已登出"
OTHER_DEVICES_LOGGED_OUT: Final = "其他裝置皆已登出"

UNKNOWN_BROWSER: Final = "其他瀏覽器"
LINE_BROWSER: Final = "LINE 內建瀏覽器"
FACEBOOK_BROWSER: Final = "Facebook 內建瀏覽器"
BROWSER_ON_SYSTEM: Final = "{browser}（{system}）"

# --- durations ----------------------------------------------------------------------------------------------------

SECONDS: Final = "{count} 秒"
MINUTES: Final = "{count} 分鐘"
HOURS: Final = "{count} 小時"

# --- mails (VER-6) ------------------------------------------------------------------------------------------------

_CORRECT = "請於下方更正 Email"
_RESEND = "按【補發驗證信】重新取得驗證信"
_OPERATOR = "若仍無法收到，請洽系統管理單位。"

REFUSED_BY_MAIL_SERVER: Final[Mapping[str, MailRefusalTexts]] = {
    "mailbox_unknown": MailRefusalTexts("收件信箱不存在", f"請核對上方的 Email。若填寫有誤，{_CORRECT}。"),
    "mailbox_disabled": MailRefusalTexts(
        "收件信箱已停用", f"請先恢復該信箱，再{_RESEND}。若該信箱已不再使用，{_CORRECT}。"
    ),
    "mailbox_full": MailRefusalTexts("收件信箱空間已滿", f"請先清出信箱空間，再{_RESEND}。"),
    "not_accepted": MailRefusalTexts(
        "收件信箱的郵件系統拒收本系統的郵件",
        f"請洽該信箱的管理單位開放接收本系統郵件，再{_RESEND}。{_OPERATOR}",
    ),
    "message_refused": MailRefusalTexts("收件信箱的郵件系統拒收這封郵件", f"請稍後{_RESEND}。{_OPERATOR}"),
    "unreadable": MailRefusalTexts("系統處理這封郵件時發生錯誤", f"請{_RESEND}。{_OPERATOR}"),
}
"""Texts by category of permanent refusal. A test compares the categories with the mailer's."""
NEVER_SENT: Final[Mapping[str, MailRefusalTexts]] = {
    "expired": MailRefusalTexts("郵件未能在連結有效時限內寄出", f"請{_RESEND}。{_OPERATOR}"),
    "lost": MailRefusalTexts("郵件在系統處理過程中遺失，未能寄出", f"請{_RESEND}。{_OPERATOR}"),
    "mailbox_limit": MailRefusalTexts("此信箱近期的驗證信數量已達上限，本次未寄出", f"請稍後{_RESEND}。"),
}
REFUSED_OTHERWISE: Final = MailRefusalTexts("郵件無法送達收件信箱", f"請稍後{_RESEND}。{_OPERATOR}")

# --- error pages --------------------------------------------------------------------------------------------------

CSRF_STALE: Final = "頁面閒置過久，或已在其他視窗登入、登出。請確認內容後再送出一次"
COOKIES_DISABLED: Final = (
    "瀏覽器未保留本系統的 Cookie，無法送出表單。請允許 Cookie 後重新開啟頁面；先前若已登入，須重新登入"
)
ERROR_TITLES: Final[Mapping[int, str]] = {
    400: "無法完成此操作",
    401: "尚未登入",
    403: "無法完成此操作",
    404: "找不到頁面",
    405: "無法完成此操作",
    409: "無法完成此操作",
    410: "連結已失效",
    413: "送出的資料過大",
    422: "輸入的資料不正確",
    429: "操作過於頻繁",
    500: "系統發生錯誤",
    503: "系統暫時無法提供服務",
}
WHILE_SWITCHED: Final = "切換登入期間無法使用本頁"
ERROR_ADVICE: Final[Mapping[int, str]] = {
    404: "網址可能已變更或輸入有誤，請由首頁重新進入。",
    405: "此網址不能直接開啟，請由首頁重新進入。",
    413: "請縮短內容後再送出一次。",
    500: "請稍後再試。若持續發生，請將下方的追蹤編號提供給系統管理單位。",
    503: "請稍候片刻再重新整理本頁。",
}
TRY_LATER: Final = "，請稍後再試"
"""The end of a sentence, which is removed before advice that says when to try again."""
NOT_SAVED: Final = "剛才的內容尚未儲存，請稍候片刻再送出一次。"
SENTENCE_ENDS: Final = ("。", "！")
"""The first of these is appended to a message that ends with neither."""
