"""An authorization request that is kept while a person logs in and chooses, or until it is used (OIDC-4, OIDC-12)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from identity.domain.authorization_parameters import Parameters

PUSHED_LIFETIME: Final = timedelta(seconds=60)
"""OIDC-12."""

LIFETIME: Final = timedelta(minutes=30)
"""How long a person may take (OIDC-4)."""

REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
"""What precedes the id in a `request_uri` (RFC 9126 section 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a person has come. What was chosen holds only for the session it was chosen in.

    `former_session_id` is the session that the browser came with: if the client demands a login, it does not count.
    """

    former_session_id: str | None = None
    session_id: str | None = None
    account_id: str | None = None
    consented: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A stored request under the digest of its id; `progress` is None until it is opened in a browser."""

    digest: str
    client: str
    parameters: Parameters
    pushed: bool
    progress: Progress | None
    created_at: datetime
    expires_at: datetime
