"""The web server's worker process: gunicorn's threaded worker, but its threads receive whole requests (SEC-16).

Gunicorn gives a new connection to a thread, which waits without a limit for the rest of a request once its first byte
has arrived. Here the worker's event loop collects each request within two deadlines, and gives only whole requests to
a thread.
"""

import errno
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from selectors import EVENT_READ
from socket import SHUT_WR
from typing import Any, Final

import structlog
from gunicorn.http import errors
from gunicorn.http.unreader import Unreader
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from identity.http import problems
from identity.http.security_headers import security_headers
from identity.processes.web_server.free_memory import FreeMemory
from identity.processes.web_server.incoming_request import MAX_BODY_BYTES, IncomingRequest

_log = structlog.get_logger("identity.http")
_RECEIVE_BYTES: Final = 64 * 1024
_SWEEP_INTERVAL_SECONDS: Final = 0.5
_ACCEPT_DELAY_SECONDS: Final = 0.0001
"""Before a worker accepts, it waits this long for each connection it has, at most `_MAX_ACCEPT_DELAYS` times.

The delay must be longer than a worker needs to wake on an idle core.
"""
_MAX_ACCEPT_DELAYS: Final = 5
_LINGER_SECONDS: Final = 2.0
_SEND_SECONDS: Final = 30.0
"""The time-out of each write of a response."""


class RequestTimeout(Exception):  # noqa: N818  # named like gunicorn's
    """The request did not arrive completely in time."""


_UNREADABLE: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    RequestTimeout: HTTPStatus.REQUEST_TIMEOUT,
}


class ArrivedBytes(Unreader):  # type: ignore[misc]  # gunicorn has no types
    """The bytes that have arrived, as the parser's input. Reading from the socket instead could block the thread."""

    too_large_head = False

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002  # gunicorn's signature
        """Raise an error, because no more bytes have arrived."""
        raise errors.LimitRequestHeaders("too long") if self.too_large_head else errors.NoMoreData


@dataclass(slots=True)
class Waiting:
    """A connection in the event loop.

    `deadline` is a time of the monotonic clock. `request` is the request that is being received, or None after the
    server has shut down its sending side. `watched` is true while the poller watches the socket.
    """

    deadline: float
    request: IncomingRequest | None = None
    watched: bool = False


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Collects requests in its event loop, and answers malformed requests with a problem document."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._waiting: dict[Any, Waiting] = {}
        self._swept_at = 0.0
        self._free_memory = FreeMemory()

    def accept(self, listener: Any) -> None:
        """Accept a connection, unless a worker that has fewer connections accepts it first.

        Without the delay, the worker that wakes first accepts all connections that a proxy opens at once and keeps
        open. Workers with five or more connections wait equally long (0.5 ms), so the delay matters only if a worker
        has fewer. The threads of a waiting worker continue, but its event loop does not.
        """
        if self.cfg.workers > 1:
            time.sleep(_ACCEPT_DELAY_SECONDS * min(self.nr_conns, _MAX_ACCEPT_DELAYS))
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        """Start receiving a request, without blocking. Gunicorn calls this when it expects one on a connection."""
        request = IncomingRequest(max_line=self.cfg.limit_request_line, max_body=MAX_BODY_BYTES)
        waiting = Waiting(time.monotonic() + self.app.settings.header_timeout, request)
        # A client may have sent its next request without waiting for the response.
        data = conn.parser.unreader.take_buffered() if conn.initialized else b""
        conn.sock.setblocking(False)
        self._waiting[conn] = waiting
        if data:
            self._add(conn, waiting, request, data)
        else:
            self._receive(conn)  # usually the request has arrived, and the poller is not needed
        if conn in self._waiting:
            self._watch(conn, waiting)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep the connection, or close it without blocking the event loop.

        Gunicorn's own close would wait for the client there.
        """
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def murder_pending(self) -> None:
        """Close the connections whose deadline has passed, after a 408 if a request is incomplete.

        Gunicorn calls this in every round of its event loop. At most two calls a second do this work; they also return
        the free memory of an idle process.
        """
        now = time.monotonic()
        if now < self._swept_at + _SWEEP_INTERVAL_SECONDS:
            return
        self._swept_at = now
        self._free_memory.return_when_idle()
        for conn, waiting in list(self._waiting.items()):
            if waiting.deadline <= now:
                self._expire(conn, waiting)

    def _cap_keepalive(self, deadline: float) -> None:
        """Close idle connections by the deadline, because the worker is stopping."""
        super()._cap_keepalive(deadline)
        for waiting in self._waiting.values():
            if waiting.request is not None and not waiting.request.data:
                waiting.deadline = min(waiting.deadline, deadline)

    def _watch(self, conn: Any, waiting: Waiting) -> None:
        self.poller.register(conn.sock, EVENT_READ, lambda _socket: self._receive(conn))
        self._waiting[conn] = waiting
        waiting.watched = True

    def _forget(self, conn: Any) -> None:
        if self._waiting.pop(conn).watched:
            self.poller.unregister(conn.sock)

    def _close(self, conn: Any) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _receive(self, conn: Any) -> None:
        try:
            data = conn.sock.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        waiting = self._waiting[conn]
        request = waiting.request
        if request is None or not (data or request.data):
            if not data:
                self._close(conn)
        elif not data:
            self._hand_over(
                conn, request
            )  # the client sends no more; the parser decides whether the request is whole
        else:
            self._add(conn, waiting, request, data)

    def _add(self, conn: Any, waiting: Waiting, request: IncomingRequest, data: bytes) -> None:
        was = request.part
        request.add(data)
        if request.part == "whole":
            self._hand_over(conn, request)
        elif request.part != was:
            waiting.deadline = time.monotonic() + self.app.settings.body_timeout
            if request.expects_continue:
                with suppress(OSError):  # the client has disconnected
                    conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hand_over(self, conn: Any, request: IncomingRequest) -> None:
        self._free_memory.use()
        self._forget(conn)
        conn.init()
        conn.data_ready = True
        if not isinstance(conn.parser.unreader, ArrivedBytes):
            conn.parser.unreader = ArrivedBytes()
        conn.parser.unreader.unread(bytes(request.data))
        conn.parser.unreader.too_large_head = request.too_large_head
        super().enqueue_req(conn)

    def _expire(self, conn: Any, waiting: Waiting) -> None:
        if waiting.request is None or not waiting.request.data:
            self._close(conn)
            return
        self._forget(conn)
        self.handle_error(None, conn.sock, conn.client, RequestTimeout())
        self._linger(conn)

    def _linger(self, conn: Any) -> None:
        """Shut down the sending side, then wait for the client to close.

        Closing at once could lose the response (RFC 9112 section 9.6).
        """
        try:
            conn.sock.shutdown(SHUT_WR)
            conn.sock.setblocking(False)
            self._watch(conn, Waiting(time.monotonic() + _LINGER_SECONDS))
        except OSError:
            self.nr_conns -= 1
            conn.close()

    def handle(self, conn: Any) -> Any:
        """Clear the log context of the thread's previous request first."""
        structlog.contextvars.clear_contextvars()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a whole request, with a time-out for each write.

        The body has arrived, so no 100 Continue is sent.
        """
        req._expected_100_continue = False  # noqa: SLF001 - gunicorn has no public way
        conn.sock.settimeout(_SEND_SECONDS)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client does not read") from None

    def handle_error(self, req: object, client: Any, addr: object, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's signature
        """Answer a request that the application has not answered, and log the error.

        Also called for an invalid response header of the application; the status is then 500.
        """
        status = _status_of(exc)
        context = {"request_id": uuid.uuid4().hex, **structlog.contextvars.get_contextvars()}
        _log.warning(
            "unreadable request", kind=type(exc).__name__, status=status.value, **context,
            exc_info=exc if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None,
        )  # fmt: skip
        try:
            write_nonblock(client, self._serialize(status, str(context["request_id"])))
        except OSError as error:
            _log.debug("client disconnected", kind=type(error).__name__)

    def _serialize(self, status: HTTPStatus, request_id: str) -> bytes:
        document = problems.status_response(status)
        document.headers.extend(security_headers(https=self.app.settings.https))
        document.headers.extend(
            {"X-Request-ID": request_id, "Date": formatdate(usegmt=True), "Connection": "close"}
        )
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{document.headers}"
        return head.encode("latin-1") + document.get_data()


def _status_of(error: Exception) -> HTTPStatus:
    if isinstance(error, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName):
        return HTTPStatus.INTERNAL_SERVER_ERROR  # the application's mistake, not the client's
    parse_error = HTTPStatus.BAD_REQUEST if isinstance(error, errors.ParseException) else None
    return _UNREADABLE.get(type(error), parse_error or HTTPStatus.INTERNAL_SERVER_ERROR)
