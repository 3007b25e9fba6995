"""Opens grants with access tokens directly through the ports, without the authorization endpoint."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from identity.domain.grant import Grant, Token

from tests.support.actors.oidc_clients import register_oidc_client
from tests.support.actors.people import Person, unique
from tests.support.harness.system import System

_BACKCHANNEL_URI = "https://pass.example/logout"


@dataclass(frozen=True)
class OpenGrant:
    """A grant and the digest of its access token. The token itself does not exist: `digest` is a unique text."""

    id: str
    session_id: str
    digest: str
    system: System

    @property
    def is_active(self) -> bool:
        """Whether the token and all that its grant depends on are active."""
        with self.system.app.app_context():
            found = self.system.ports.token_queries.active_token(self.digest, self.system.clock.now())
        return found is not None

    @property
    def ended_reason(self) -> str | None:
        """The reason for the grant's end, or None while it has not ended."""
        return str(self._row.ended_reason) if self._row.ended_at else None

    @property
    def _row(self) -> Any:
        return self.system.rows("SELECT * FROM grants WHERE id = :id", id=self.id)[0]

    @property
    def logouts(self) -> list[tuple[str, str]]:
        """Client and subject of each back-channel logout of the grant, delivered or not."""
        rows = self.system.rows(
            "SELECT client, sub FROM logouts WHERE grant_id = :id ORDER BY id", id=self.id
        )
        return [(row.client, row.sub) for row in rows]


def add_oidc_client(system: System, *, backchannel_uri: str = _BACKCHANNEL_URI, **options: Any) -> str:
    """Register a client with back-channel logout; return its name."""
    return register_oidc_client(system, backchannel_uri=backchannel_uri, **options).name


def id_token(system: System, grant: OpenGrant, **claims: Any) -> str:
    """Return a signed ID token of the grant, valid for five minutes; `claims` replace or add claims."""
    (row,) = system.rows("SELECT client, account_id FROM grants WHERE id = :id", id=grant.id)
    now = int(system.clock.now().timestamp())
    whole = {
        "iss": system.ports.rules.public_url,
        "sub": row.account_id,
        "aud": row.client,
        "sid": grant.id,
        "iat": now,
        "exp": now + 300,
        **claims,
    }
    return system.ports.signer.sign(whole, token_type="JWT", algorithm="RS256")


def open_grant_with_token(
    system: System,
    client: str,
    holder: Person,
    *,
    account: Person | None = None,
    binding: str | None = None,
    hours: float = 12,
) -> OpenGrant:
    """Open a grant from the newest session of `holder`, for `account` if it is given, through `binding`."""
    newest = "SELECT id FROM sessions WHERE holder_id = :holder ORDER BY created_at DESC, id LIMIT 1"
    (session_id,) = system.rows(newest, holder=holder.id)[0]
    now, identifier = system.clock.now(), system.ports.randomness.identifier
    grant = Grant(
        id=identifier(),
        client=client,
        session_id=session_id,
        holder_id=holder.id,
        account_id=(account or holder).id,
        binding_id=binding,
        scopes=["openid"],
        auth_time=now,
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    token = Token(
        digest=unique(), kind="access", grant_id=grant.id, client=client, scopes=["openid"], audience=[client],
        act=None, jkt=None, parent=None, issued_at=now, expires_at=grant.expires_at,
    )  # fmt: skip
    with system.app.app_context(), system.ports.unit_of_work() as uow:
        assert uow.grants.open(grant)
        uow.grants.add_token(token)
        uow.commit()
    return OpenGrant(grant.id, session_id, token.digest, system)
