"""Posts logout tokens to clients: one deadline for the whole request, no redirects, no proxy, verified certificates."""

import contextlib
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

from typing_extensions import override

from identity.domain.backchannel_logout import TRY_TIMEOUT
from identity.usecases.ports.backchannel_logout_sender import ClientUnreachable, LogoutSender

_PORTS: Final = {"http": 80, "https": 443}
_HEADERS: Final = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "*/*",
    "Connection": "close",
    "User-Agent": "port-identity",
}


class HttpLogoutSender(LogoutSender):
    """Sends each token over its own connection and in its own thread, with the standard library.

    requests and httpx apply their time-outs to each read, and not to the DNS lookup. The deadline here limits the
    whole request; if the lookup hangs, its thread is abandoned.
    """

    def __init__(self, *, https_only: bool, timeout_seconds: float = TRY_TIMEOUT.total_seconds()) -> None:
        self._schemes = {"https"} if https_only else {"https", "http"}
        self._timeout_seconds = timeout_seconds
        self._tls = ssl.create_default_context()

    @override
    def send(self, uri: str, logout_token: str) -> int:
        attempt = _Attempt(self._parse(uri), logout_token, self._tls, self._timeout_seconds)
        attempt.start()
        attempt.join(self._timeout_seconds)
        return attempt.status()

    def _parse(self, uri: str) -> SplitResult:
        try:
            parts = urlsplit(uri)
            if parts.scheme in self._schemes and parts.hostname and parts.port != 0:
                return parts
        except ValueError:
            pass
        raise ClientUnreachable("unusable URI")


class _Attempt(threading.Thread):
    """One request. If it is still running when `status` is called, its connection is shut down to end the thread."""

    def __init__(self, uri: SplitResult, logout_token: str, tls: ssl.SSLContext, timeout: float) -> None:
        super().__init__(name="logout", daemon=True)
        self._uri, self._logout_token = uri, logout_token
        self._tls, self._timeout = tls, timeout
        self._handle: socket.socket | None = None
        self._status: int | None = None
        self._error = "timeout"
        self._is_late = False

    @override
    def run(self) -> None:
        try:
            self._status = self._post()
        except ssl.SSLCertVerificationError:
            self._error = "certificate not trusted"
        except TimeoutError:
            pass
        except (OSError, HTTPException, ValueError):  # ValueError: for example, not a valid host name
            self._error = "unreachable"
        finally:
            if self._handle is not None:
                self._handle.close()

    def _post(self) -> int | None:
        address = (str(self._uri.hostname), self._uri.port or _PORTS[self._uri.scheme])
        with socket.create_connection(address, timeout=self._timeout) as connected:
            self._handle = connected.dup()  # stays valid when TLS detaches the original
            if self._is_late:
                return None
            return self._request(connected, *address)

    def _request(self, connected: socket.socket, host: str, port: int) -> int:
        """Send the request and return the status; the body is not read."""
        connection: HTTPConnection
        if self._uri.scheme == "https":
            connection = HTTPSConnection(host, port)
            connection.sock = self._tls.wrap_socket(connected, server_hostname=host)
        else:
            connection = HTTPConnection(host, port)
            connection.sock = connected
        target = (self._uri.path or "/") + (f"?{self._uri.query}" if self._uri.query else "")
        with contextlib.closing(connection):
            connection.request("POST", target, urlencode({"logout_token": self._logout_token}), _HEADERS)
            with connection.getresponse() as answer:
                return answer.status

    def status(self) -> int:
        """Return the status of the answer. Raises ClientUnreachable."""
        if self.is_alive():
            self._is_late = True
            if self._handle is not None:
                with contextlib.suppress(OSError):  # already closed
                    self._handle.shutdown(socket.SHUT_RDWR)
            raise ClientUnreachable("timeout")
        if self._status is None:
            raise ClientUnreachable(self._error)
        return self._status
