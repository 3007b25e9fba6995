"""Authorization requests that are stored during the login, or from the push until their use (OIDC-4, OIDC-12)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from identity.domain.authorization_parameters import Parameters

PUSHED_LIFETIME: Final = timedelta(seconds=60)
"""How long a pushed request is valid (OIDC-12)."""

LIFETIME: Final = timedelta(minutes=30)
"""How long a person may take to log in and choose (OIDC-4)."""

REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
"""The prefix of every `request_uri`, before the id (RFC 9126 section 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A person's progress. `account_id` and `consented`, the choices, are valid only in the session `session_id`.

    `former_session_id` is the browser's session at the start, which does not satisfy a required login.
    """

    former_session_id: str | None = None
    session_id: str | None = None
    account_id: str | None = None
    consented: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A stored request with the digest of its id; `progress` is None until a browser opens the request."""

    digest: str
    client: str
    parameters: Parameters
    pushed: bool
    progress: Progress | None
    created_at: datetime
    expires_at: datetime
