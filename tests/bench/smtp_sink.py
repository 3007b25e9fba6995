"""A mail server that accepts everything: smtp-sink where installed, otherwise our own in another process."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.harness.polling import wait_until
from tests.support.servers.optional_programs import OptionalProgram
from tests.support.servers.ports import free_port

SMTP_SINK = OptionalProgram(
    ("smtp-sink", "/usr/sbin/smtp-sink"), "the mail figures", "apt-get install -y postfix"
)
_BACKLOG = 100
_CONTENT_END = b"\r\n.\r\n"


def sink_name() -> str:
    return "smtp-sink" if SMTP_SINK.path() else "own sink"


@contextmanager
def start_sink() -> Iterator[int]:
    """Run a sink for the duration of the with block; yield its port."""
    port, program = free_port(), SMTP_SINK.path()
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []  # smtp-sink refuses to run as root
    own = [sys.executable, "-m", "tests.bench.smtp_sink", str(port)]
    command = [str(program), *as_user, f"127.0.0.1:{port}", str(_BACKLOG)] if program else own
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), what="the mail sink to listen")
        yield port
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class SmtpSinkProtocol(asyncio.Protocol):
    """A minimal SMTP server with pipelining that calls `accepted` with each mail's last recipient."""

    def __init__(self, accepted: Callable[[str], None]) -> None:
        self._accepted = accepted
        self._received = bytearray()
        self._recipient = ""
        self._in_content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Send the replies to all complete commands and messages together."""
        self._received += data
        replies = []
        while (reply := self._content() if self._in_content else self._line()) is not None:
            replies.append(reply)
        self._transport.write(b"".join(replies))

    def _line(self) -> bytes | None:
        line, found, rest = self._received.partition(b"\r\n")
        if not found:
            return None
        self._received = rest
        verb = bytes(line[:4]).upper()
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        if verb == b"RCPT":
            self._recipient = line.partition(b"<")[2].partition(b">")[0].decode()
        if verb == b"DATA":
            self._in_content = True
            return b"354 go ahead\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"

    def _content(self) -> bytes | None:
        end = self._received.find(_CONTENT_END)
        if end < 0:
            return None
        del self._received[: end + len(_CONTENT_END)]
        self._in_content = False
        self._accepted(self._recipient)
        return b"250 accepted\r\n"


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SmtpSinkProtocol(lambda _: None), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
