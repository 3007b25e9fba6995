"""The pages' assets: served by the portal, compressed, and cached by browsers until their content changes.

The URLs of the portal's own files contain a digest of all of them as a folder, so that modules that a script imports by
relative path get a new URL whenever the script does.
"""

from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, request, send_from_directory, url_for
from flask_compress import Compress

FILES = "portal.file"
_EXTENSION = "portal.assets"
_ENDPOINTS = frozenset({FILES, "bootstrap.static"})
_FOLDER = Path(__file__).parents[1] / "static"
_CACHE_FOREVER = "public, max-age=31536000, immutable"
_BOOTSTRAP = "bootstrap.css"
_BOOTSTRAP_PLACE = "css/bootstrap.min.css"
_DIGEST_CHARACTERS = 12


def init_app(app: Flask, portal: Blueprint) -> None:
    """Serve the files. Pages are not compressed: their compressed length would reveal the CSRF token (BREACH)."""
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        COMPRESS_MIMETYPES=["text/css", "text/javascript", "application/javascript", "image/svg+xml"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
    )
    bootstrap = Path(str(app.blueprints["bootstrap"].static_folder), _BOOTSTRAP_PLACE)
    app.extensions[_EXTENSION] = {
        FILES: _digest(*sorted(_FOLDER.iterdir())),
        "bootstrap.static": _digest(bootstrap),
    }
    portal.add_url_rule("/static/<v>/<path:filename>", FILES.partition(".")[2], _send)
    Compress(app)
    app.after_request(_set_cache_headers)


def _digest(*files: Path) -> str:
    digest = sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGEST_CHARACTERS]


def _send(v: str, filename: str) -> Response:  # noqa: ARG001 - during a rollout any version is served
    return send_from_directory(_FOLDER, filename)


def _set_cache_headers(response: Response) -> Response:
    """Let browsers cache a URL with the current digest forever: its content never changes."""
    if request.endpoint not in _ENDPOINTS:
        return response
    if hasattr(response.response, "close"):
        response.call_on_close(response.response.close)  # Flask-Compress replaces the file
    version = (request.view_args or {}).get("v") or request.args.get("v")
    if response.status_code < 400 and version == _digests()[request.endpoint]:  # noqa: PLR2004 - errors start at 400
        response.headers["Cache-Control"] = _CACHE_FOREVER
    return response


def _digests() -> dict[str, str]:
    digests: dict[str, str] = current_app.extensions[_EXTENSION]
    return digests


def asset(name: str) -> str:
    """Return the URL of a file; it changes with the content."""
    endpoint, filename = ("bootstrap.static", _BOOTSTRAP_PLACE) if name == _BOOTSTRAP else (FILES, name)
    return url_for(endpoint, filename=filename, v=_digests()[endpoint])
