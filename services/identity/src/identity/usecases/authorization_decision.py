"""The decision about an authorization request: the next interaction with the person, or the code (OIDC-4 to OIDC-7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from identity.domain.authorization_error import AuthorizationError, ErrorCode
from identity.domain.pending_authorization_request import Progress
from identity.domain.session import Principal, Session
from identity.usecases.authorization_request_validation import ValidatedRequest
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.company_choice import Candidate, candidates_of, chosen_of
from identity.usecases.steps.grant_creation import Ready, issue

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
    """What the person must do before the client receives the code."""

    step: Step
    candidates: tuple[Candidate, ...] = ()
    """The accounts to choose from, in the steps `company` and `consent`; the last one chosen at the client is first."""
    chosen: Candidate | None = None
    """The account that the person consents for; None except in the step `consent`."""
    in_use: frozenset[str] = frozenset()
    """In the step `company`: the ids of accounts for which the session has an active grant at the client."""


def proceed(ports: Ports, validated: ValidatedRequest, principal: Principal | None) -> Interaction | str:
    """Issue the code and return it, or return the interaction that is required first.

    Raises AuthorizationError, GrantOvertaken, RequestGone, TooManyRequests.
    """
    with ports.unit_of_work() as uow:
        decision = _decide(uow, validated, principal)
        if isinstance(decision, Ready):
            return issue(uow, validated, decision)
    if validated.request.is_silent:
        raise AuthorizationError(SILENT_ERRORS[decision.step])
    return decision


def needs_login(ports: Ports, validated: ValidatedRequest, principal: Principal | None) -> bool:
    """Return whether the person must log in. An open session is not enough if the request demands a newer login."""
    with ports.unit_of_work() as uow:
        return _recent_session(uow, validated, principal) is None


def _recent_session(
    uow: UnitOfWork, validated: ValidatedRequest, principal: Principal | None
) -> Session | None:
    session = uow.sessions.get(principal.session_id) if principal is not None else None
    return None if session is None or _is_too_old(validated, session, uow.clock.now()) else session


def _decide(uow: UnitOfWork, validated: ValidatedRequest, principal: Principal | None) -> Interaction | Ready:
    session = _recent_session(uow, validated, principal)
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
    return Ready(session, chosen, progress.consented)


def _is_too_old(validated: ValidatedRequest, session: Session, now: datetime) -> bool:
    """Compare the session with `prompt=login` and `max_age`; a login since the request was stored satisfies both."""
    request, pending = validated.request, validated.pending
    if pending is not None and pending.progress is not None:
        is_former = session.id == pending.progress.former_session_id
        if not is_former and session.created_at >= pending.created_at - _CLOCK_SKEW:
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
    """Return the candidates among `subjects`. Raises AuthorizationError if there are none (OIDC-6)."""
    named = tuple(each for each in candidates if each.account.id in subjects)
    if not named:
        is_link = principal.actor.kind == "link"
        raise AuthorizationError("account_selection_required" if is_link else "login_required")
    return named


def _progress_in(validated: ValidatedRequest, session: Session) -> Progress:
    """Return the recorded choices, or none if they were made in another session."""
    progress = validated.pending.progress if validated.pending is not None else None
    return progress if progress is not None and progress.session_id == session.id else Progress()


def _needs_consent(
    uow: UnitOfWork, validated: ValidatedRequest, principal: Principal, progress: Progress, chosen: Candidate
) -> bool:
    """Earlier consents suffice only if together they cover all requested scopes (OIDC-11)."""
    if progress.consented and progress.account_id == chosen.account.id:
        return False
    if "consent" in validated.request.prompts:
        return True
    if not validated.client.asks_consent:
        return False
    return not set(validated.request.scopes) <= set(
        uow.client_consents.scopes(principal.actor.id, validated.client.name)
    )
