"""Views pass every name that the portal's templates use; a missing name would fail only on rendering."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, meta, nodes

from tests.support import ROOT

HTTP = ROOT / "services/identity/src/identity/http"
TEMPLATES = HTTP / "portal/templates"
RENDERERS = {"render_page", "render_template"}
OF_FLASK = {"request", "g", "csrf_token"}
"""The names that Flask and Flask-WTF add to every template."""

_jinja = Environment(loader=FileSystemLoader(TEMPLATES))  # noqa: S701 - nothing is rendered
_jinja.filters |= {"duration": str, "paragraphs": str, "taipei": str}


def _parsed(path: Path) -> nodes.Template:
    return _jinja.parse(path.read_text())


def _calls() -> Iterator[tuple[str, set[str]]]:
    """Yield each template that a view renders, with the names that the view passes."""
    for path in HTTP.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id in RENDERERS and call.args and isinstance(call.args[0], ast.Constant):
                yield Path(str(call.args[0].value)).name, set(_names_passed(call))


def _names_passed(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg
        elif isinstance(keyword.value, ast.Dict):
            yield from (str(key.value) for key in keyword.value.keys if isinstance(key, ast.Constant))


def _of_every_page() -> set[str]:
    """Return the names that `template_globals` and `template_values` add to every page."""
    module = ast.parse((HTTP / "portal/layout/pages.py").read_text())
    functions = [
        each
        for each in module.body
        if isinstance(each, ast.FunctionDef) and each.name.startswith("template_")
    ]
    constants = (
        each for function in functions for each in ast.walk(function) if isinstance(each, ast.Constant)
    )
    return {str(each.value) for each in constants} | OF_FLASK


def _names_set(path: Path) -> set[str]:
    """Return the names that a template defines: variables, imports, loop variables, macro parameters."""
    names = {each.name for each in _parsed(path).find_all(nodes.Name) if each.ctx in {"store", "param"}}
    return names | {each.target for each in _parsed(path).find_all(nodes.Import)}


def test_every_name_in_a_template_is_passed_or_defined() -> None:
    passed: dict[str, list[set[str]]] = defaultdict(list)
    for template, names in _calls():
        passed[template].append(names)
    paths = {path.name: path for path in TEMPLATES.rglob("*.html")}
    everywhere = _of_every_page() | _names_set(paths["base.html"])
    fragments = {name for name in paths if name not in passed}
    of_fragments = set().union(*(names for calls in passed.values() for names in calls))
    for path in paths.values():
        of_fragments |= _names_set(path)

    missing = {}
    for name, path in paths.items():
        allowed = of_fragments if name in fragments else set.intersection(*passed[name]) | _names_set(path)
        missing[name] = meta.find_undeclared_variables(_parsed(path)) - everywhere - allowed

    assert len(passed) > 20
    assert {name: names for name, names in missing.items() if names} == {}
