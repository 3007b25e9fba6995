"""Labels, hints and help texts of the portal's form fields (REG-11)."""

from collections.abc import Mapping
from typing import Final

from identity.domain.password_policy import Strength
from identity.http.text_types import FieldTexts

USERNAME: Final = FieldTexts(
    "帳號",
    hint="例：example1234",
    help="帳號由您自行設定：4 至 30 個英文字母、數字、「.」、底線（_）或「-」，並以英文字母開頭。"
    "不分大小寫，不可與其他帳號重複，結尾不可為「.com」等網域名稱。",
)
NAME: Final = FieldTexts(
    "姓名",
    hint="需填寫人員完整姓名（例：王小明）",
    help="填寫帳號人員的完整姓名，2 至 50 個字。必須是完整人名，不可為公司名稱。",
)
MOBILE: Final = FieldTexts(
    "手機電話",
    hint="例：0912345678",
    help="填寫帳號人員通訊用的臺灣手機號碼，0912345678、0912-345-678、+886912345678 皆可。",
)
EMAIL: Final = FieldTexts(
    "Email",
    hint="例：example@gmail.com",
    help="填寫帳號人員的通訊郵件信箱，不分大小寫。送出後，驗證信會寄到此信箱，驗證完成才能登入使用。",
)
PASSWORD: Final = FieldTexts("密碼")
PASSWORD_AGAIN: Final = FieldTexts(
    "確認密碼",
    hint="請再輸入一次密碼",
    help="再次填寫設定的密碼，須與「密碼」欄位完全相同。",
)
TAX_ID: Final = FieldTexts(
    "公司統編",
    hint="政府機關可填機關代碼",
    help="填寫 8 碼統一編號；政府機關可填機關代碼，為 9 或 10 碼英文字母與數字（例：A11111111）。",
)
COMPANY_PHONE: Final = FieldTexts(
    "公司電話",
    hint="例：02-12345678#12345",
    help="填寫含區碼的市話，有分機時加上「#」與分機號碼（例：02-12345678#12345）；也可填寫手機號碼。"
    "不可填寫 0800、0809 等免付費電話。",
)
COMPANY_NAME: Final = FieldTexts(
    "公司名稱",
    hint="例：臺灣港務股份有限公司基隆分公司",
    help="填寫公司全銜，2 至 100 個字（例：臺灣港務股份有限公司基隆分公司）。",
)
COMPANY_ADDRESS: Final = FieldTexts(
    "公司地址",
    hint="例：804004高雄市鼓山區蓬萊路10號",
    help="填寫含縣市的完整地址，前面可加 3、5 或 6 碼郵遞區號（例：804004高雄市鼓山區蓬萊路10號）。",
)
NEW_EMAIL: Final = FieldTexts(
    "Email",
    hint="例：example@gmail.com",
    help="填寫帳號人員的通訊郵件信箱，不分大小寫。變更後須至新信箱收取驗證信，驗證完成才會更新。",
)
PASSWORD_FOR_EMAIL: Final = FieldTexts(
    "目前密碼",
    hint="變更 Email 須填寫目前密碼",
    help="為確認是本人變更 Email，請填寫登入此帳號的密碼。未變更 Email 時請留空。",
)
LOGIN_USERNAME: Final = FieldTexts("使用者帳號")
LOGIN_PASSWORD: Final = FieldTexts("使用者密碼")
FORGOTTEN_USERNAME: Final = FieldTexts("帳號", hint="註冊時自行設定的帳號")
FORGOTTEN_EMAIL: Final = FieldTexts("Email", hint="此帳號登記的 Email")
FORGOTTEN_TAX_ID: Final = FieldTexts("公司統編", hint="選填；只列出這家公司的帳號")
CURRENT_PASSWORD: Final = FieldTexts("目前密碼")
NEW_PASSWORD: Final = FieldTexts("新密碼")
NEW_PASSWORD_AGAIN: Final = FieldTexts("確認新密碼", hint="請再輸入一次新密碼")
END_BINDING: Final = FieldTexts("同時解除鏈結帳號綁定")
BIND_USERNAME: Final = FieldTexts("帳號")
BIND_PASSWORD: Final = FieldTexts("密碼")
BIND_CODE: Final = FieldTexts("請輸入 6 位數字驗證碼")

CORRECT_EMAIL: Final = FieldTexts("正確的 Email", hint="例：example@gmail.com")
CORRECT_EMAIL_PASSWORD: Final = FieldTexts("密碼", hint="此帳號的登入密碼")
MAILBOX_MEANT: Final = "請再確認 Email 是否正確。您要填寫的是「{suggestion}」嗎？"

TYPE_PASSWORD_AGAIN: Final = "基於安全考量，系統不會保留密碼，請重新輸入。{hint}"
PASSWORD_REQUIRED: Final = "變更 Email 須填寫目前密碼"
PASSWORD_STRENGTHS: Final[Mapping[Strength, str]] = {
    "fair": "密碼強度：中。加長或改用較少見的字詞會更安全",
    "strong": "密碼強度：強",
}
PASSWORDS_DIFFER: Final = "兩次輸入的密碼不一致"

PASSWORD_SUMMARY: Final = "{min} 至 {max} 個字元{classes}"
PASSWORD_CLASSES: Final = "，且須含大寫英文、小寫英文、數字、符號四類中至少三類"
PASSWORD_HINT: Final = "{summary}；不可含您的帳號、姓名等資料，也不可太常見"
PASSWORD_DESCRIPTION: Final = (
    "密碼須為 {summary}；不可含帳號、姓名、手機、Email 或公司資料，"
    "不可使用常見密碼、容易猜到的組合（例如地名加上年份）"
    "或 {min_run} 個以上依順序排列（例：12345、abcde、qwert）或重複（例：aaaaa）的字元。"
)
