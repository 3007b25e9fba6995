"""The state machine's actions on accounts: each acts on the system and on the model, and compares them."""

import itertools
from datetime import datetime
from typing import Any

from identity.adapters.sql.purger import SqlPurger
from identity.domain.mail_link import Purpose
from identity.usecases import operator_decisions
from identity.usecases.tidy import clean_up

from tests.support.actors.people import Person
from tests.support.harness.predictable_codes import PredictableCodes
from tests.support.harness.system import System
from tests.support.state_machine.database import DatabaseState
from tests.support.state_machine.model import DAY, Model, ModelAccount, ModelSession

_numbers = itertools.count(100)


class AccountActions:
    def __init__(self, system: System, codes: PredictableCodes) -> None:
        self.system = system
        self.codes = codes
        self.model = Model()
        self.database = DatabaseState(system)
        self._browser = system.visitor()

    @property
    def now(self) -> datetime:
        return self.system.clock.now()

    def request(
        self, session: ModelSession | None, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        self._browser.token = session.token if session else None
        return self._browser.request(method, path, body, **headers)

    def expect(self, answer: Any, *expected: int | tuple[int, str]) -> None:
        """Check that the answer has one of these statuses, or pairs of status and error code."""
        code = answer.json().get("code") if answer.content else None
        assert answer.status_code in expected or (answer.status_code, code) in expected, (
            expected,
            answer.text,
        )

    def register(self, kind: str) -> ModelAccount:
        person = self.system.register(kind)
        return ModelAccount(
            person, self.now, ["account.registered", "verification.requested"], mailed_at=[self.now]
        )

    def verify_mailbox(self, holder: ModelAccount) -> None:
        value = self.database.link_value(holder, "registration")
        if value is None:
            assert holder.verified or holder.closed or self.now > holder.registered_at + DAY
            return
        answer = self._follow(Purpose.REGISTRATION, holder, value)
        if holder.closed or self.now >= holder.registered_at + DAY:
            self.expect(answer, (410, "link_expired"))
            return
        self.expect(answer, 200)
        holder.verified = True
        holder.events.append("account.email_verified")

    def _follow(self, purpose: Purpose, holder: ModelAccount, value: str) -> Any:
        token = self.system.ports.tokens.link(purpose, holder.person.id, value)
        return self.request(None, "POST", "/email-verifications/confirm", {"token": token})

    def log_in(self, holder: ModelAccount) -> ModelSession | None:
        """Log in, and accept missing consents; return None if the account is suspended or closed."""
        person = holder.person
        self.system.clock.advance(seconds=1)  # no two sessions are equally old, because the oldest ends first
        answer = self.request(
            None, "POST", "/sessions", {"username": person.username, "password": person.password}
        )
        if holder.suspended or holder.closed:
            refusals = (
                [(401, "bad_credentials"), (429, "locked")] if holder.closed else [(403, "account_suspended")]
            )
            self.expect(answer, *refusals)
            return None
        self.expect(answer, 201)
        session = ModelSession(answer.json()["token"], holder)
        self.model.open_session(session)
        if answer.json()["next"] == "consent":
            self._browser.token = session.token
            assert self._browser.accept_consents().status_code == 200
        return session

    def log_out(self, session: ModelSession) -> None:
        self.expect(self.request(session, "DELETE", "/session"), 204 if session.open else 401)
        session.open = False

    def reset_password(self, holder: ModelAccount) -> None:
        """Request the mail and use its link twice."""
        self.system.clock.advance(seconds=61)
        person = holder.person
        body = {"username": person.username, "email": person.email}
        self.expect(self.request(None, "POST", "/password-resets", body), 202)
        value = self.database.link_value(holder, "password_reset")
        if value is None:
            assert holder.may_be_rate_limited(self.now)
            return
        holder.mailed_at.append(self.now)
        holder.events.append("password_reset.requested")
        password = f"Harbour-Crane-{next(_numbers)}!"
        token = self.system.ports.tokens.link(Purpose.PASSWORD_RESET, person.id, value)
        self.expect(
            self.request(None, "POST", "/password-resets/confirm", {"token": token, "password": password}),
            204,
        )
        self.expect(
            self.request(None, "POST", "/password-resets/confirm", {"token": token, "password": password}),
            410,
        )
        holder.person = _changed(person, password=password)
        binding = self.model.unremoved_binding(holder)
        if binding is not None:
            self.model.remove(binding, "password_reset")
        holder.events.append("account.password_changed")
        self.model.end_sessions(holder)

    def change_password(self, session: ModelSession, *, end_binding: bool) -> None:
        holder = session.account
        password = f"Harbour-Crane-{next(_numbers)}!"
        body = {"current": holder.person.password, "new": password, "end_binding": end_binding}
        self.expect(self.request(session, "PUT", "/account/password", body), 204)
        holder.person = _changed(holder.person, password=password)
        binding = self.model.unremoved_binding(holder)
        if end_binding and binding is not None:
            self.model.remove(binding, "password_changed")
        holder.events.append("account.password_changed")
        self.model.end_sessions(holder, but=session)

    def change_email(self, session: ModelSession) -> None:
        """Change to a new mailbox and verify it."""
        self.system.clock.advance(seconds=61)
        holder = session.account
        email = f"box{next(_numbers)}.{holder.person.username}@example.com"
        tag = self.request(session, "GET", "/account").headers["ETag"]
        change = {"email": email, "current_password": holder.person.password}
        self.expect(self.request(session, "PATCH", "/account", change, **{"If-Match": tag}), 200)
        holder.events += ["email_change.requested", "email_change.announced"]
        value = self.database.link_value(holder, "email_change")
        assert value is not None
        self.expect(self._follow(Purpose.EMAIL_CHANGE, holder, value), 200)
        holder.person = _changed(holder.person, email=email)
        holder.mailed_at.append(self.now)
        holder.events.append("account.email_changed")
        self.model.end_sessions(holder)
        binding = self.model.unremoved_binding(holder)
        if binding is not None:
            binding.code = None  # the code was mailed to the old mailbox

    def suspend_or_reinstate(self, holder: ModelAccount) -> None:
        act = operator_decisions.reinstate if holder.suspended else operator_decisions.suspend
        with self.system.app.app_context():
            act(self.system.ports, holder.person.username)
        holder.events.append("account.reinstated" if holder.suspended else "account.suspended")
        if not holder.suspended:
            self.model.end_sessions(holder)
        holder.suspended = not holder.suspended

    def close(self, holder: ModelAccount) -> None:
        with self.system.app.app_context():
            operator_decisions.close(self.system.ports, holder.person.username)
        binding = self.model.unremoved_binding(holder)
        if binding is not None:
            self.model.remove(binding, "account_closed")
        holder.events.append("account.closed operator")
        holder.closed = True
        self.model.end_sessions(holder)

    def clean_up(self) -> None:
        """Run the cleanup of `identity tidy`."""
        with self.system.app.app_context():
            clean_up(self.system.ports, SqlPurger(self.system.engine))
        for holder in self.model.accounts:
            if holder.lapsed(self.now) and not holder.closed:
                holder.closed = True
                holder.events.append("account.closed lapsed")
        for binding in list(self.model.lapsed_bindings(self.now)):
            self.model.remove(binding, "lapsed")


def _changed(person: Person, *, password: str | None = None, email: str | None = None) -> Person:
    return Person(
        person.id,
        person.kind,
        person.username,
        email or person.email,
        password or person.password,
        person.tax_id,
    )
