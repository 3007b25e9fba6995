#!/opt/mailpit/bin/python
"""A replacement for Mailpit with the features that the tests use: SMTP on 1025, the message list, a single message.

`mailpit readyz` works like Mailpit's own command. It accepts each mail only after ANSWER_MS milliseconds, like a
slow remote mail server.
"""

import asyncio
import email
import email.policy
import json
import os
import signal
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import UnthreadedController

LISTED = 50
ANSWER_SECONDS = int(os.environ.get("ANSWER_MS", "0")) / 1000
mails: list[dict[str, Any]] = []


class Accepting:
    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Store the mail after ANSWER_MS, then accept it."""
        await asyncio.sleep(ANSWER_SECONDS)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        mails.append(
            {
                "ID": str(len(mails)),
                "MessageID": str(mail["message-id"]).strip("<>"),
                "To": [{"Name": "", "Address": address} for address in envelope.rcpt_tos],
                "Subject": str(mail["subject"]),
                "Text": body.get_content() if body else "",
            }
        )
        return "250 kept"


class Api(BaseHTTPRequestHandler):
    """Handler of GET /api/v1/messages (newest first), GET /api/v1/message/{ID} and GET /readyz."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/readyz":
            self._answer({})
        elif path == "/api/v1/messages":
            listed = [{k: v for k, v in mail.items() if k != "Text"} for mail in mails[: -LISTED - 1 : -1]]
            self._answer({"total": len(mails), "messages": listed})
        elif path.startswith("/api/v1/message/") and path.rpartition("/")[2].isdigit():
            self._answer(mails[int(path.rpartition("/")[2])])
        else:
            self.send_error(404)

    def _answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        pass


async def serve() -> None:
    loop = asyncio.get_running_loop()
    smtp = UnthreadedController(Accepting(), hostname="0.0.0.0", port=1025, loop=loop)  # noqa: S104 - in a container
    await smtp._create_server()  # noqa: SLF001 - begin() requires a loop that is not running yet
    http = ThreadingHTTPServer(("0.0.0.0", 8025), Api)  # noqa: S104 - in a container
    await asyncio.to_thread(http.serve_forever)


if __name__ == "__main__":
    if sys.argv[1:] == ["readyz"]:
        urllib.request.urlopen("http://127.0.0.1:8025/readyz", timeout=2).close()
    else:
        # Without a handler, the first process of a container ignores the signal.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        asyncio.run(serve())
