"""Static files of pages, and caching by browsers (SEC-8)."""

import re

import httpx
import pytest
from identity.http.portal.layout.assets import FOLDER

from tests.support.harness.system import System

_FILE = re.compile(r'(?:src|href)="(/static/[^"]+)"')
_IMPORT = re.compile(r'from "\./([a-z_]+\.js)"')


def _files(browser: httpx.Client) -> list[str]:
    found = sorted(set(_FILE.findall(browser.get("/").text)))
    assert {address.partition("?")[0].rpartition(".")[2] for address in found} == {"css", "js", "png", "svg"}
    return found


def test_static_files_are_cached_and_compressed(system: System) -> None:
    browser = system.visitor().http

    answers = [browser.get(address, headers={"Accept-Encoding": "gzip"}) for address in _files(browser)]

    assert {answer.headers["Cache-Control"] for answer in answers} == {"public, max-age=31536000, immutable"}
    texts = [answer for answer in answers if answer.headers["Content-Type"] != "image/png"]
    large = [answer for answer in texts if len(answer.content) > 1000]
    assert {answer.headers.get("Content-Encoding") for answer in large} == {"gzip"}


def test_imported_scripts_are_cached_too(system: System) -> None:
    browser = system.visitor().http
    script = next(address for address in _files(browser) if address.endswith("portal.js"))

    folder = script.removesuffix("portal.js")
    answers = [browser.get(folder + name) for name in _IMPORT.findall(browser.get(script).text)]

    assert len(answers) >= 3
    assert {(answer.status_code, "immutable" in answer.headers["Cache-Control"]) for answer in answers} == {
        (200, True)
    }


def test_a_file_of_another_version_is_served_but_not_cached(system: System) -> None:
    answer = system.visitor().http.get("/static/000000000000/portal.css")

    assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, False)


@pytest.mark.rule("SEC-8")
@pytest.mark.parametrize("path", ["/", "/apply", "/nowhere", "/email/verify?token=x"])
def test_pages_are_neither_cached_nor_compressed(system: System, path: str) -> None:
    answer = system.visitor().http.get(path, headers={"Accept-Encoding": "gzip, br"})

    assert (answer.headers["Cache-Control"], answer.headers.get("Content-Encoding")) == ("no-store", None)


def test_no_file_outside_the_static_folder_is_served(system: System) -> None:
    browser = system.visitor().http
    paths = ["../portal/pages.py", "%2e%2e/pages.py", "..%2f..%2fcontext.py", "nothing.js"]

    answers = [browser.get(f"/static/x/{path}") for path in paths]

    assert {answer.status_code for answer in answers} == {404}


def test_the_style_sheet_includes_every_file_of_its_folder(system: System) -> None:
    shown = system.visitor().http.get("/static/x/portal.css").text

    parts = [path.read_text().strip() for path in (FOLDER / "styles").iterdir()]

    assert len(parts) > 10
    assert [part[:60] for part in parts if part not in shown] == []
