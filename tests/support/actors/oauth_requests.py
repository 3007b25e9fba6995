"""Requests of services to the OAuth endpoints."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from httpx import Response

from tests.support.actors.client_signatures import Key, signed
from tests.support.actors.oidc_clients import REDIRECT_URI, VERIFIER
from tests.support.actors.people import Visitor, unique
from tests.support.actors.service_clients import Service
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class OAuthCaller:
    """A service that authenticates with an assertion by `key`, with its secret, or as a public client."""

    def __init__(
        self,
        system: System,
        service: Service,
        *,
        key: Key | None = None,
        visitor: Visitor | None = None,
    ) -> None:
        self.name = service.name
        self._system = system
        self._service = service
        self._key = key
        self._http = (visitor or system.visitor()).http

    def post(self, path: str, headers: Mapping[str, str] | None = None, **parameters: Any) -> Response:
        """POST a form with the service's authentication; parameters that are None are left out."""
        form = {name: value for name, value in {**self._form(), **parameters}.items() if value is not None}
        return self._http.post(path, data=form, headers={**self._headers(), **(headers or {})})

    def token(self, grant_type: str, **parameters: Any) -> Response:
        return self.post("/oauth/token", grant_type=grant_type, **parameters)

    def redeem(self, code: str, **changes: Any) -> Response:
        sent = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **changes}
        return self.token("authorization_code", **sent)

    def refresh(self, refresh_token: str, **more: Any) -> Response:
        return self.token("refresh_token", refresh_token=refresh_token, **more)

    def is_active(self, access_token: str) -> bool:
        """Introspect a token; return whether it is active."""
        return bool(self.post("/oauth/introspect", token=access_token).json()["active"])

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self._service.basic} if self._service.secret and not self._key else {}

    def _form(self) -> dict[str, str]:
        if self._key is None:
            return {} if self._service.secret else {"client_id": self.name}
        expires_at = self._system.clock.now() + timedelta(seconds=60)
        claims = {"iss": self.name, "sub": self.name, "aud": PUBLIC_URL, "jti": unique()}
        assertion = signed({**claims, "exp": expires_at.timestamp()}, self._key)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
