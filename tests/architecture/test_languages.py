"""The product's Python code has no Chinese outside the language package, except the listed data."""

import re
from pathlib import Path

from tests.architecture.tracked_files import files
from tests.support import ROOT

CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
LANGUAGE = Path("services/identity/src/identity/http/zh_tw")
DATA = {
    Path("services/identity/src/identity/domain/full_name.py"),  # legal forms, which mark a company's name
    Path("services/identity/src/identity/domain/phone.py"),  # words that introduce an extension
    Path("services/identity/src/identity/domain/postal_address.py"),  # counties and cities
    Path("services/mailer/src/mailer/domain/flowed_text.py"),  # punctuation marks that forbid a line break
}


def test_only_the_language_package_has_chinese_in_python() -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in files()
        if path.suffix == ".py" and path.parts[0] in {"services", "shared"}
        if path not in DATA and LANGUAGE not in path.parents
        for number, line in enumerate((ROOT / path).read_text().splitlines(), start=1)
        if CHINESE.search(line)
    ]

    assert found == []
