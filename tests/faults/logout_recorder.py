"""A service that records received logout tokens (OIDC-22).

    python -m tests.faults.logout_recorder PORT FILE

The service stores each token before it answers, so that a kill in between causes a repetition and no loss.
"""

import json
import sqlite3
import sys
from base64 import urlsafe_b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs


def main() -> None:
    port, path = sys.argv[1:]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            with sqlite3.connect(path, timeout=10) as database:
                database.execute("INSERT INTO logout_tokens VALUES (?)", (_sid(form["logout_token"][0]),))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE IF NOT EXISTS logout_tokens (grant_id TEXT)")
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


def _sid(token: str) -> str:
    claims = token.split(".")[1]
    return str(json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"])


def recorded_logouts(path: Path) -> list[str]:
    """Return the grant id (`sid`) of each recorded token; none if the file is missing or cannot be read."""
    if not path.exists():
        return []
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return [grant_id for (grant_id,) in database.execute("SELECT grant_id FROM logout_tokens")]
    except sqlite3.OperationalError:
        return []  # the service has not created its table yet, or has locked the file for 10 s
    finally:
        database.close()


if __name__ == "__main__":
    main()
