"""Static assets, served compressed and cached by browsers until their content changes.

The URLs contain a digest of all files as a folder, so that the URLs of modules that a script imports by relative path
change together with the script's. The common style sheet is one response composed of several files.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory
from flask_compress import Compress

FILES = "portal.file"
_URL = "/static"
FOLDER = Path(__file__).parents[1] / "static"
_CACHE_FOREVER = "public, max-age=31536000, immutable"
_ICON = "touch-icon.png"
_STYLE = "portal.css"
_STYLES = (
    "reset", "scales", "page", "frame", "account_menu", "buttons", "forms", "messages", "tiles", "profile",
    "registration", "sessions", "first_login", "print",
)  # fmt: skip
"""The files in the folder `styles` that form the common style sheet, in the order of the cascade."""
_DIGEST_CHARACTERS = 12


def init_app(app: Flask, portal: Blueprint) -> None:
    """Serve the files. Pages are not compressed, because their length could reveal the CSRF token (BREACH)."""
    app.config.update(
        COMPRESS_MIMETYPES=["text/css", "text/javascript", "application/javascript", "image/svg+xml"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
    )
    portal.add_url_rule(f"{_URL}/<v>/<path:filename>", FILES.partition(".")[2], _send)
    portal.add_url_rule("/favicon.ico", "favicon", lambda: send_from_directory(FOLDER, _ICON))
    Compress(app)
    app.after_request(_set_cache_headers)
    _digest(), _style_sheet()  # before the workers are forked, so that all have the same


@cache
def _digest() -> str:
    """Return the digest of all files."""
    files = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:_DIGEST_CHARACTERS]


@cache
def _style_sheet() -> str:
    return "\n".join((FOLDER / "styles" / f"{name}.css").read_text() for name in _STYLES)


def _send(v: str, filename: str) -> Response:  # noqa: ARG001 - during a rollout, any version is served
    if filename == _STYLE:
        return Response(_style_sheet(), mimetype="text/css")
    return send_from_directory(FOLDER, filename)


def _set_cache_headers(response: Response) -> Response:
    """Let browsers cache URLs with the current digest permanently, because their content never changes."""
    if request.endpoint != FILES:
        return response
    if hasattr(response.response, "close"):
        response.call_on_close(response.response.close)  # Flask-Compress replaces the response of the file
    version = (request.view_args or {}).get("v")
    if response.status_code < 400 and version == _digest():  # noqa: PLR2004 - errors start at 400
        response.headers["Cache-Control"] = _CACHE_FOREVER
    return response


def asset(name: str) -> str:
    """Return the URL of a file, which changes with the content of the assets."""
    return f"{_URL}/{_digest()}/{name}"
