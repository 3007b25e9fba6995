"""Registers clients for OpenID Connect, and stores grants, codes and tokens directly."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from identity.domain.client_registration import Registration
from identity.domain.grant import CODE_LIFETIME, Code, Grant, Token, TokenKind
from identity.domain.oidc_scopes import SCOPES
from identity.domain.service_client import Scope, digest_of
from identity.usecases import oidc_clients, service_clients

from tests.support.actors.client_signatures import base64url
from tests.support.actors.people import Person, unique
from tests.support.actors.service_clients import Service
from tests.support.harness.system import System

REDIRECT_URI = "https://pass.example/callback"
VERIFIER = "v" * 43


def register_oidc_client(system: System, *rights: Scope, **options: Any) -> Service:
    """Add a client with these rights and register it; `options` are fields of `Registration`."""
    name = f"service-{unique()}"
    fields = {"display_name": "通行證系統", "redirect_uris": [REDIRECT_URI], "scopes": SCOPES, **options}
    with system.app.app_context():
        _, secret = service_clients.add(system.ports, name, rights)
        oidc_clients.register(system.ports, name, Registration(**fields))
    return Service(name, secret)


def open_grant(
    system: System,
    client: str,
    person: Person,
    *,
    general: Person | None = None,
    scopes: Sequence[str] = ("openid",),
    **values: Any,
) -> str:
    """Log a person in and open a grant for the client; return the grant's id. `values` are further fields of `Grant`.

    With `general`, the person must be a link account, which binds this account; the grant then acts for it.
    """
    session = system.logged_in(person)
    account = general or person
    binding = system.bind_and_verify(session, general) if general else None
    (session_id,) = system.rows("SELECT id FROM sessions WHERE holder_id = :holder", holder=person.id)[0]
    now = system.clock.now()
    fields: dict[str, Any] = {"expires_at": now + timedelta(hours=12), **values}
    grant = Grant(
        id=system.ports.randomness.identifier(),
        client=client,
        session_id=session_id,
        holder_id=person.id,
        account_id=account.id,
        binding_id=binding,
        scopes=list(scopes),
        auth_time=now,
        created_at=now,
        **fields,
    )
    with system.app.app_context(), system.ports.unit_of_work() as uow:
        assert uow.grants.open(grant)
        uow.commit()
    return grant.id


def issue_code(system: System, grant_id: str, *, verifier: str | None = VERIFIER, **values: Any) -> str:
    """Store and return a code of a grant, valid for a minute; `values` are fields of `Code`.

    Without a `verifier`, the code has no challenge.
    """
    code, now = system.ports.randomness.token(), system.clock.now()
    fields: dict[str, Any] = {"redirect_uri": REDIRECT_URI, "nonce": None, "jkt": None, **values}
    with system.app.app_context(), system.ports.unit_of_work() as uow:
        uow.grants.add_code(
            Code(
                digest=digest_of(code),
                grant_id=grant_id,
                code_challenge=challenge_of(verifier) if verifier else None,
                issued_at=now,
                expires_at=now + CODE_LIFETIME,
                **fields,
            )
        )
        uow.commit()
    return code


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def issue_token(
    system: System, grant_id: str, client: str, *, kind: TokenKind = "access", **values: Any
) -> str:
    """Store and return a token of a grant, valid for ten minutes; `values` are fields of `Token`."""
    token, now = system.ports.randomness.token(), system.clock.now()
    fields: dict[str, Any] = {
        "scopes": ["openid"], "audience": [client], "act": None, "jkt": None, "parent": None, **values,
    }  # fmt: skip
    with system.app.app_context(), system.ports.unit_of_work() as uow:
        uow.grants.add_token(
            Token(
                digest=digest_of(token),
                kind=kind,
                grant_id=grant_id,
                client=client,
                issued_at=now,
                expires_at=now + timedelta(minutes=10),
                **fields,
            )
        )
        uow.commit()
    return token
