"""Debian's Redis with TLS only, because the wheel's server has no TLS."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.servers.certificates import Certificate
from tests.support.servers.redis import RedisServer


class TlsRedisServer(RedisServer):
    """Listens with TLS and a certificate for localhost, which `url` and `url_for` trust."""

    def __init__(self, program: Path, certificate: Certificate, *, users: Mapping[str, str]) -> None:
        super().__init__(users=users)
        self._program, self._certificate = program, certificate

    @property
    def url(self) -> str:
        return f"rediss://localhost:{self.port}/0?ssl_ca_certs={self._certificate.ca_file}"

    def url_for(self, user: str, password: str) -> str:
        return self.url.replace("rediss://", f"rediss://{user}:{password}@")

    def untrusted_url_for(self, user: str, password: str) -> str:
        """Return an ACL user's URL that trusts only the machine's certificate authorities."""
        return self.url_for(user, password).partition("?")[0]

    def _command(self) -> list[str]:
        files = ["--tls-cert-file", self._certificate.ca_file, "--tls-key-file", self._certificate.key_file]
        tls = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", *map(str, files)]
        return [str(self._program), *super()._command()[1:], *tls]
