"""Audit entries for people's forbidden requests (SEC-11)."""

from flask import g, request

from identity.domain.errors import AccountSuspended, BadPassword, Refusal, ReviewRejected, ScopeMissing
from identity.http.client_info import client_info
from identity.http.problems import PROBLEMS
from identity.http.web_context import ports
from identity.usecases.audit.recording import record_refusal

_FORBIDDEN = 403
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_RECORDED = (AccountSuspended, BadPassword, ReviewRejected, ScopeMissing)
"""Refusals that are recorded where they are raised."""


def record_forbidden(refusal: Refusal, *, status: int) -> None:
    """Record a refusal whose problem has status 403, at most once a minute for each account (or network) and reason.

    `status` is the response's status: people may get a redirect to the next step instead of 403. A redirected form is
    recorded, because it was not executed; a redirected page is not.
    """
    problem = PROBLEMS[type(refusal)]
    if problem.status != _FORBIDDEN or isinstance(refusal, _RECORDED):
        return
    if status != _FORBIDDEN and request.method in _SAFE_METHODS:
        return
    principal = g.get("principal")
    account_id = principal.account.id if principal else None
    record_refusal(
        ports(),
        "request.refused",
        account_id,
        throttle_key=f"{account_id or client_info().networks[0]}:{problem.code}",
        why=problem.code,
        route=request.url_rule.rule if request.url_rule else "",
    )
