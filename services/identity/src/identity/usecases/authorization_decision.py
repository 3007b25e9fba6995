"""Decisions about authorization requests: the next interaction, or the code (OIDC-4 to OIDC-11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from identity.domain.authorization_error import AuthorizationError, ErrorCode
from identity.domain.pending_authorization_request import Progress
from identity.domain.session import Principal, Session
from identity.usecases.authorization_requests import ValidatedRequest
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.companies import Candidate, candidates_of, chosen_of
from identity.usecases.steps.grant_creation import IssuedCode, issue

Step = Literal["login", "open_step", "no_company", "company", "consent"]
SILENT_ERRORS: Final[dict[Step, ErrorCode]] = {
    "login": "login_required",
    "open_step": "interaction_required",
    "no_company": "interaction_required",
    "company": "account_selection_required",
    "consent": "consent_required",
}
"""The errors that `prompt=none` returns instead of showing a page (OIDC-5)."""
_CLOCK_SKEW = timedelta(seconds=5)
"""Tolerated clock difference between the web server that stored a request and the one that handles the login."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """The interaction that is required before the code. `candidates` are the accounts that the person may act as.

    The candidate that was last chosen comes first. `in_use` contains the ids of the accounts for which this login
    already has a grant at the service.
    """

    step: Step
    candidates: tuple[Candidate, ...] = ()
    chosen: Candidate | None = None
    in_use: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Ready:
    """The data of a grant that needs no interaction; `consented` is true if the person has just consented."""

    session: Session
    chosen: Candidate
    consented: bool


def proceed(
    ports: Ports, validated: ValidatedRequest, principal: Principal | None
) -> Interaction | IssuedCode:
    """Issue the code, or return the interaction that is required first.

    Raises AuthorizationError, GrantOvertaken, RequestGone.
    """
    with ports.unit_of_work() as uow:
        decision = _decide(uow, validated, principal)
        if isinstance(decision, _Ready):
            return issue(
                uow, validated, session=decision.session, chosen=decision.chosen, consented=decision.consented
            )
    if validated.request.is_silent:
        raise AuthorizationError(SILENT_ERRORS[decision.step])
    return decision


def needs_login(ports: Ports, validated: ValidatedRequest, principal: Principal | None) -> bool:
    """Return whether the person must log in, even if a session exists (OIDC-5)."""
    with ports.unit_of_work() as uow:
        return _session(uow, validated, principal) is None


def _session(uow: UnitOfWork, validated: ValidatedRequest, principal: Principal | None) -> Session | None:
    """Return the person's session if it satisfies the request."""
    session = uow.sessions.get(principal.session_id) if principal is not None else None
    return None if session is None or _must_log_in(validated, session, uow.clock.now()) else session


def _decide(
    uow: UnitOfWork, validated: ValidatedRequest, principal: Principal | None
) -> Interaction | _Ready:
    session = _session(uow, validated, principal)
    if principal is None or session is None:
        return Interaction("login")
    if principal.next_step is not None:
        return Interaction("open_step")
    candidates = candidates_of(uow, principal, validated.client)
    if validated.subjects is not None:
        candidates = _named(candidates, validated.subjects, principal)
    if not candidates:
        return Interaction("no_company")
    progress = _progress_in(validated, session)
    chosen = chosen_of(candidates, principal, validated.request, progress)
    if chosen is None:
        return Interaction("company", candidates, in_use=_in_use(uow, validated, session))
    if _needs_consent(uow, validated, principal, progress, chosen):
        return Interaction("consent", candidates, chosen)
    return _Ready(session, chosen, progress.consented)


def _must_log_in(validated: ValidatedRequest, session: Session, now: datetime) -> bool:
    """Return whether the login is too old; a login that was made for this request never is (OIDC-5)."""
    request, stored = validated.request, validated.pending
    if stored is not None and stored.progress is not None:
        is_former = session.id == stored.progress.former_session_id
        if not is_former and session.created_at >= stored.created_at - _CLOCK_SKEW:
            return False
    if request.demands_login:
        return True
    return request.max_age is not None and now - session.created_at > request.max_age


def _in_use(uow: UnitOfWork, validated: ValidatedRequest, session: Session) -> frozenset[str]:
    logins = uow.service_logins.of_session(session.id, uow.clock.now())
    return frozenset(each.account_id for each in logins if each.client == validated.client.name)


def _named(
    candidates: tuple[Candidate, ...], subjects: frozenset[str], principal: Principal
) -> tuple[Candidate, ...]:
    """Return the candidates that the client named. Raises AuthorizationError if there are none (OIDC-6)."""
    named = tuple(each for each in candidates if each.account.id in subjects)
    if not named:
        is_link = principal.actor.kind == "link"
        raise AuthorizationError("account_selection_required" if is_link else "login_required")
    return named


def _progress_in(validated: ValidatedRequest, session: Session) -> Progress:
    """Return the choices that the person has made in this session."""
    progress = validated.pending.progress if validated.pending is not None else None
    return progress if progress is not None and progress.session_id == session.id else Progress()


def _needs_consent(
    uow: UnitOfWork, validated: ValidatedRequest, principal: Principal, progress: Progress, chosen: Candidate
) -> bool:
    """Return whether the person must consent to the requested scopes (OIDC-11)."""
    if progress.consented and progress.account_id == chosen.account.id:
        return False
    if "consent" in validated.request.prompts:
        return True
    if not validated.client.asks_consent:
        return False
    return not set(validated.request.scopes) <= set(
        uow.client_consents.scopes(principal.actor.id, validated.client.name)
    )
