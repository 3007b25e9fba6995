"""Creation of a grant with its authorization code (OIDC-8, OIDC-9)."""

from dataclasses import dataclass

from identity.domain.authorization_error import RequestGone
from identity.domain.errors import TooManyRequests
from identity.domain.grant import CODE_LIFETIME, Code, Grant
from identity.domain.oidc_client import OidcClient
from identity.domain.rate_limits import GRANTS_BY_PERSON
from identity.domain.service_client import digest_of
from identity.domain.session import Session
from identity.usecases.authorization_request_validation import ValidatedRequest
from identity.usecases.ports import UnitOfWork
from identity.usecases.steps.company_choice import Candidate


@dataclass(frozen=True, slots=True)
class Ready:
    """All that the person was asked for before the code."""

    session: Session
    chosen: Candidate
    consented: bool
    """Whether the person consented on the pages of this request, so that the consent must be stored."""


class GrantOvertaken(Exception):  # noqa: N818  # the caller decides again
    """A dependency of the grant has ended since it was read, or the client's registration became narrower (OIDC-8)."""


def issue(uow: UnitOfWork, validated: ValidatedRequest, ready: Ready) -> str:
    """Open the grant, issue its code and commit; return the code, of which only the digest is stored.

    Raises GrantOvertaken, RequestGone, TooManyRequests.
    """
    now, grant = uow.clock.now(), _grant(uow, validated, ready.session, ready.chosen)
    if not uow.grants.open(grant) or _became_narrower(uow, validated.client):
        raise GrantOvertaken
    uow.count([GRANTS_BY_PERSON.counter(grant.holder_id)], TooManyRequests)
    if validated.pending is not None and not uow.pending_requests.close(validated.pending.digest, now):
        raise RequestGone(validated.client)
    code = uow.randomness.token()
    uow.grants.add_code(_code(code, validated, grant))
    if ready.consented:
        uow.client_consents.add(grant.holder_id, grant.client, grant.scopes, now)
    uow.record_action("grant.opened", grant.account_id, **grant.audited)
    uow.commit()
    return code


def _became_narrower(uow: UnitOfWork, client: OidcClient) -> bool:
    """Return whether the client's registration was deleted or became narrower since it was read (OIDC-25).

    Opening the grant locks the client, so that a later change of the registration finds the grant and ends it.
    """
    registered = uow.oidc_clients.get(client.name)
    return registered is None or registered.is_narrower_than(client)


def _grant(uow: UnitOfWork, validated: ValidatedRequest, session: Session, chosen: Candidate) -> Grant:
    request = validated.request
    return Grant(
        id=uow.randomness.identifier(),
        client=validated.client.name,
        session_id=session.id,
        holder_id=session.holder_id,
        account_id=chosen.account.id,
        binding_id=chosen.binding_id,
        scopes=request.scopes,
        resources=request.resources,
        claims=dict(request.claims.by_destination),
        acr=request.acr,
        auth_time=session.created_at,
        created_at=uow.clock.now(),
        expires_at=session.expires_at,
    )


def _code(code: str, validated: ValidatedRequest, grant: Grant) -> Code:
    request = validated.request
    return Code(
        digest=digest_of(code),
        grant_id=grant.id,
        redirect_uri=validated.address.redirect_uri,
        code_challenge=request.code_challenge,
        nonce=request.nonce,
        jkt=request.jkt,
        issued_at=grant.created_at,
        expires_at=grant.created_at + CODE_LIFETIME,
    )
