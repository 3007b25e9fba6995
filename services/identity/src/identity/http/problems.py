"""Problem documents (RFC 9457): the status, the stable code and the message of each refusal and HTTP error."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from math import ceil
from typing import Any

from flask import Response

from identity.domain import errors
from identity.domain.mail_link import Purpose
from identity.domain.rate_limits import LOGIN_ACCOUNT
from identity.http.field_errors import InvalidInput
from identity.http.zh_tw import portal as words
from identity.http.zh_tw import problems as sentences

MEDIA_TYPE = "application/problem+json"
_MINUTE = timedelta(minutes=1)
_SECONDS_PER_MINUTE = 60
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """`members` maps further members of the problem document to attributes of the refusal."""

    status: int
    code: str
    members: Mapping[str, str] = field(default_factory=dict)


PROBLEMS: Mapping[type[errors.Refusal], Problem] = {
    errors.InvalidValue: Problem(422, "invalid_input"),
    InvalidInput: Problem(422, "invalid_input"),
    errors.Locked: Problem(429, "locked"),
    errors.TooManyChecks: Problem(429, "too_many_requests"),
    errors.TooManyChanges: Problem(429, "too_many_requests"),
    errors.TooManySwitches: Problem(429, "too_many_requests"),
    errors.TooSoon: Problem(429, "too_soon"),
    errors.TooManyRequests: Problem(429, "too_many_requests"),
    errors.Busy: Problem(503, "busy"),
    errors.Unavailable: Problem(503, "unavailable"),
    errors.NotSignedIn: Problem(401, "not_signed_in"),
    errors.SessionEnded: Problem(401, "not_signed_in"),
    errors.BadCredentials: Problem(401, "bad_credentials"),
    errors.BadClient: Problem(401, "bad_client"),
    errors.InvalidProof: Problem(400, "invalid_dpop_proof"),
    errors.InvalidIdToken: Problem(400, "invalid_id_token"),
    errors.ScopeMissing: Problem(403, "right_missing", {"right": "right"}),
    errors.BadPassword: Problem(403, "bad_password"),
    errors.AccountSuspended: Problem(403, "account_suspended"),
    errors.ReviewRejected: Problem(403, "review_rejected", {"reason": "reason"}),
    errors.StepRequired: Problem(403, "step_open", {"next": "step"}),
    errors.ForbiddenWhileSwitched: Problem(403, "while_switched"),
    errors.WrongKind: Problem(403, "wrong_kind"),
    errors.ForeignOrigin: Problem(403, "foreign_origin"),
    errors.NotFound: Problem(404, "not_found"),
    errors.UsernameTaken: Problem(409, "username_taken"),
    errors.MailboxTaken: Problem(409, "mailbox_taken"),
    errors.LinkInvalid: Problem(400, "link_invalid"),
    errors.LinkExpired: Problem(410, "link_expired"),
    errors.LinkSuperseded: Problem(410, "link_superseded"),
    errors.LinkUsed: Problem(410, "link_used"),
    errors.AlreadyVerified: Problem(409, "already_verified"),
    errors.NotBindable: Problem(422, "not_bindable"),
    errors.AlreadyBound: Problem(409, "already_bound", {"here": "here"}),
    errors.CodeWrong: Problem(400, "code_wrong", {"tries_left": "tries_left"}),
    errors.CodeExpired: Problem(410, "code_expired"),
    errors.CodeExhausted: Problem(410, "code_spent"),
    errors.NotVerified: Problem(409, "not_verified"),
    errors.AlreadySwitched: Problem(409, "already_switched"),
    errors.NotSwitched: Problem(409, "not_switched"),
    errors.PasswordReused: Problem(422, "password_reused"),
    errors.ConsentOutdated: Problem(422, "consent_outdated"),
    errors.RevisionMissing: Problem(428, "revision_missing"),
    errors.RevisionStale: Problem(412, "revision_stale"),
    errors.CursorExpired: Problem(410, "cursor_expired"),
    errors.OperatorMissing: Problem(400, "operator_missing"),
    errors.WrongState: Problem(409, "wrong_state", {"state": "state"}),
}

STATUS_CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    411: "length_required",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    417: "expectation_failed",
    421: "misdirected_request",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}


def refusal_response(refusal: errors.Refusal) -> Response:
    problem = PROBLEMS[type(refusal)]
    more: dict[str, Any] = {member: getattr(refusal, name) for member, name in problem.members.items()}
    if isinstance(refusal, InvalidInput):
        more["errors"] = [asdict(error) for error in refusal.errors]
    response = problem_response(problem.status, problem.code, sentence(refusal), **more)
    if isinstance(refusal, errors.RetryLater):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    if isinstance(refusal, errors.NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 11.6.1
    if isinstance(refusal, errors.BadClient):
        response.headers["WWW-Authenticate"] = 'Basic realm="identity", Bearer'
    return response


def status_response(status: int) -> Response:
    known = _known_status(status)
    return problem_response(status, STATUS_CODES[known], sentences.STATUSES[known])


def problem_response(status: int, code: str, detail: str, **more: Any) -> Response:
    body = {
        "type": f"urn:tw:port:identity:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    return Response(json.dumps(body, ensure_ascii=False) + "\n", status=status, content_type=MEDIA_TYPE)


def sentence(refusal: errors.Refusal, *, of_other: bool = False) -> str:
    """Return the message for a refusal. `of_other`: the refusal concerns an account that is not the reader's."""
    way_out = sentences.LOCK_WAY_OUT_OF_OTHER if of_other else sentences.LOCK_WAY_OUT
    values = _derived_values(refusal, way_out)
    return sentences.REFUSALS[type(refusal)].format(**vars(refusal), **values)


def status_sentence(status: int) -> str:
    return sentences.STATUSES[_known_status(status)]


def _known_status(status: int) -> int:
    """Return the status itself, or 400 or 500, whose code and message it then shares."""
    if status in STATUS_CODES:
        return status
    return 500 if status >= _SERVER_ERROR else 400


def _derived_values(refusal: errors.Refusal, way_out: str) -> dict[str, Any]:
    """Return the values of the message that are not attributes of the refusal."""
    match refusal:
        case errors.RetryLater(retry_after_seconds=wait):
            minutes = ceil(wait / _SECONDS_PER_MINUTE)
            in_seconds = wait <= _SECONDS_PER_MINUTE
            text = words.SECONDS.format(count=wait) if in_seconds else words.MINUTES.format(count=minutes)
            of_person = isinstance(refusal, errors.Locked) and not refusal.of_service
            return {"minutes": minutes, "wait": text, "way_out": way_out if of_person else ""}
        case errors.BadCredentials(tries_left=left) | errors.BadPassword(tries_left=left):
            warning = sentences.TRIES_WARNINGS.get((type(refusal), left), "")
            return {"warning": warning.format(minutes=LOGIN_ACCOUNT.window // _MINUTE, way_out=way_out)}
        case errors.LinkExpired(purpose=purpose):
            return {"advice": sentences.LINK_EXPIRED_ADVICE[Purpose(purpose)]}
        case errors.CodeWrong(tries_left=left):
            text = sentences.TRIES_LEFT.format(count=left) if left else sentences.NO_TRIES_LEFT
            return {"tries": text}
        case errors.NotBindable(is_link=flag) | errors.AlreadyBound(here=flag):
            return {"why": sentences.BINDING_REFUSALS[type(refusal), flag]}
        case _:
            return {}
