"""A real SMTP server for the tests (aiosmtpd), with a mailbox and scripted faults."""

import asyncio
import shutil
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.support.servers.certificates import Certificate, self_signed
from tests.support.servers.lifecycle import close_listener
from tests.support.servers.mailbox import Mailbox
from tests.support.servers.ports import free_port
from tests.support.servers.received_mail import ReceivedMail
from tests.support.servers.smtp_script import Script, ScriptedFault, Step

Tls = Literal["none", "starttls", "implicit"]
_HOLD_SECONDS = 30
_SCHEMES: dict[Tls, str] = {"none": "smtp", "starttls": "smtp+starttls", "implicit": "smtps"}


@dataclass(frozen=True)
class Login:
    """The credentials of the only user who may send."""

    user: str
    password: str

    def check(self, *arguments: Any) -> AuthResult:
        """Check a login for aiosmtpd, which passes the credentials as the last argument."""
        data = arguments[-1]
        sent = LoginPassword(self.user.encode(), self.password.encode())
        right = isinstance(data, LoginPassword) and data == sent
        return AuthResult(success=right, handled=right)  # not handled: aiosmtpd answers 535


class SmtpServer:
    """Accepts every mail into `mailbox` unless scripted otherwise; `stop` and `start` keep port and mails."""

    def __init__(
        self, *, tls: Tls = "none", login: Login | None = None, without: tuple[str, ...] = ()
    ) -> None:
        """Create the server; with `tls`, clients must trust `ca_file`. `without` names missing login mechanisms."""
        self.pipelining = False
        self._without = without
        self.port = free_port()
        self.mailbox = Mailbox()
        self.script = Script()
        self._tls, self._login = tls, login
        self._directory = Path(tempfile.mkdtemp(prefix="port-smtp-"))
        self._certificate: Certificate | None = None if tls == "none" else self_signed(self._directory)
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """The value of MAILER_SMTP_URL."""
        login = f"{self._login.user}:{self._login.password}@" if self._login else ""
        host = "127.0.0.1" if self._tls == "none" else "localhost"
        return f"{_SCHEMES[self._tls]}://{login}{host}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate authority that clients must trust (SSL_CERT_FILE in Python)."""
        assert self._certificate is not None, "a server without TLS has no certificate"
        return self._certificate.ca_file

    def refuse(
        self, address: str | None = None, *, code: int = 550, text: str = "5.1.1 No such user",
        times: int | None = None, at: Step = "rcpt", closes: bool = False,
    ) -> None:  # fmt: skip
        """Reply with this code at the step: 4xx is temporary, 5xx permanent. ScriptedFault explains the rest."""
        self.script.add(ScriptedFault("refuse", at, address, f"{code} {text}", times, closes))

    def limit_mails_per_connection(self, mails: int) -> None:
        """Refuse MAIL with 452 after this number of mails on a connection, and keep the connection open."""
        self.script.max_mails_per_connection = mails

    def hang(self, address: str | None = None, *, at: Step = "data", times: int | None = None) -> None:
        """Send no reply at this step until the server is stopped or the client disconnects."""
        self.script.add(ScriptedFault("hang", at, address, times=times))

    def drop(self, address: str | None = None, *, at: Step = "data", times: int | None = 1) -> None:
        """Close the connection at this step; at "accepted", the mail is stored but the sender gets no reply."""
        self.script.add(ScriptedFault("drop", at, address, times=times))

    def hold(self, address: str | None = None, *, at: Step = "rcpt", times: int | None = 1) -> None:
        """Delay the sender at this step until `release`, for at most 30 seconds, then continue normally."""
        self.script.released.clear()
        self.script.add(ScriptedFault("hold", at, address, times=times))

    def release(self) -> None:
        self.script.released.set()

    def reset(self) -> None:
        """Remove all scripted faults, and count connections and steps from 0."""
        self.script.reset()

    @property
    def connections(self) -> int:
        """The number of connections since the last `reset`."""
        return self.script.reached["connect"]

    def start(self) -> None:
        """Start the server; return when it listens."""
        if self._running is None:
            self._running = _Running(partial(self._protocol), self)

    def stop(self) -> None:
        """Stop listening and cut every open connection, including hanging connections."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def destroy(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _protocol(self, loop: asyncio.AbstractEventLoop) -> "_Protocol":
        starttls = self._tls == "starttls" and self._certificate
        made = _Protocol(
            _Handler(self.mailbox, self.script, pipelining=self.pipelining),
            loop=loop,
            hostname="test.invalid",
            tls_context=self._certificate.server_context() if starttls and self._certificate else None,
            require_starttls=bool(starttls),
            auth_required=self._login is not None,
            auth_exclude_mechanism=self._without,
            authenticator=self._login.check if self._login else None,
        )
        # Passing auth_require_tls=False warns, and warnings are errors here. With smtps, asyncio handles TLS.
        made._auth_require_tls = bool(starttls)  # noqa: SLF001 - aiosmtpd has no other way
        return made

    def _listening_context(self) -> Any:
        return self._certificate.server_context() if self._certificate and self._tls == "implicit" else None


class _Protocol(SMTP):
    """Consults the script where aiosmtpd has no hook: when a client connects, and between DATA and the message."""

    def connection_made(self, transport: Any) -> None:
        script: Script = self.event_handler.script
        # After STARTTLS, aiosmtpd calls this method again on the same connection.
        act = script.take("connect") if self.transport is None else None
        if act is not None and act.kind == "drop":
            transport.abort()
            return
        self.event_handler.transports.append(transport)
        super().connection_made(transport)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        first = next(iter(self.envelope.rcpt_tos if self.envelope else []), None)
        answer = await self.event_handler.act("go_ahead", first) if first else None
        if answer is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(answer)


class _Handler:
    def __init__(self, mailbox: Mailbox, script: Script, *, pipelining: bool) -> None:
        self.mailbox, self.script, self._pipelining = mailbox, script, pipelining
        self.transports: list[Any] = []
        self._mails = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _s: Any, session: Any, _e: Any, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        return [replies[0], *(["250-PIPELINING"] if self._pipelining else []), *replies[1:]]

    async def handle_MAIL(self, _s: Any, _n: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.script.max_mails_per_connection == self._mails:
            return "452 4.7.0 too many mails on this connection"
        if (answer := await self.act("mail")) is not None:
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _s: Any, _n: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if (answer := await self.act("rcpt", address)) is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: Any, _n: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        first = envelope.rcpt_tos[0]
        if (answer := await self.act("data", first)) is not None:
            return answer
        for address in envelope.rcpt_tos:
            self.mailbox.put(ReceivedMail(envelope.mail_from, address, envelope.content))
        self._mails += 1
        return await self.act("accepted", first) or "250 Accepted"

    async def act(self, step: Step, address: str | None = None) -> str | None:
        """Execute the scripted fault at this step; return its reply, or None to continue normally."""
        act = self.script.take(step, address)
        if act is None:
            return None
        if act.kind == "hold":
            await asyncio.to_thread(self.script.released.wait, _HOLD_SECONDS)
            return None
        if act.kind == "hang":
            await asyncio.Event().wait()  # cancelled when the server stops or the client disconnects
        if act.kind == "drop":
            for transport in self.transports:
                _cut(transport)
            return "421 dropped"
        if act.closes:
            self.transports[-1].write(f"{act.reply}\r\n".encode())
            self.transports[-1].close()
        return act.reply


def _cut(transport: Any) -> None:
    """Close at once. On CPython 3.11, aborting a closed SSL transport raises AttributeError."""
    with suppress(AttributeError):
        transport.abort()


class _Running:
    def __init__(self, protocol: Any, server: SmtpServer) -> None:
        self._loop = asyncio.new_event_loop()
        self._made: list[_Protocol] = []
        self._factory, self._server = protocol, server
        # In a separate thread, because in a browser test the main thread already has a running loop.
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        self._thread.start()
        self._listening = asyncio.run_coroutine_threadsafe(
            self._loop.create_server(self._make, "127.0.0.1", server.port, ssl=server._listening_context()),  # noqa: SLF001 - the same module
            self._loop,
        ).result(timeout=10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def _make(self) -> _Protocol:
        made: _Protocol = self._factory(self._loop)
        self._made = [old for old in self._made if old.transport is None or not old.transport.is_closing()]
        self._made.append(made)
        return made

    async def _close(self) -> None:
        await close_listener(self._listening)
        for protocol in self._made:
            if protocol.transport is not None:
                _cut(protocol.transport)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
