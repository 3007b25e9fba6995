"""What services send to the OAuth endpoints."""

from typing import Any

from httpx import Response

from tests.support.actors.service_clients import Service
from tests.support.harness.system import System


class OAuthCaller:
    """A service at the OAuth endpoints, which authenticates by its secret; without one it names itself only."""

    def __init__(self, system: System, service: Service) -> None:
        self.name = service.name
        self._service = service
        self._http = system.visitor().http

    def post(self, path: str, **parameters: Any) -> Response:
        """Send a form."""
        if self._service.secret:
            return self._http.post(path, data=parameters, headers={"Authorization": self._service.basic})
        return self._http.post(path, data={"client_id": self.name, **parameters})

    def token(self, grant_type: str, **parameters: Any) -> Response:
        """Ask for tokens."""
        return self.post("/oauth/token", grant_type=grant_type, **parameters)
