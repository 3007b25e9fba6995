"""What people do in the state machine: each action asks the system over HTTP and holds the answer to the model."""

import itertools
from datetime import datetime
from typing import Any

from identity.adapters.sweeper import SqlSweeper
from identity.domain.link import Purpose
from identity.usecases import administration, tidying

from tests.support.binding_model import DAY, MOST_TRIES, Bound, Code, Holder, Model, Sitting
from tests.support.binding_truth import Truth
from tests.support.known import KnownCodes
from tests.support.people import Person
from tests.support.system import System

_numbers = itertools.count(100)


class Actions:
    """The system under test and the model beside it."""

    def __init__(self, system: System, codes: KnownCodes) -> None:
        self.system = system
        self.codes = codes
        self.model = Model()
        self.truth = Truth(system)
        self._browser = system.visitor()

    @property
    def now(self) -> datetime:
        """The moment on the system's clock."""
        return self.system.clock.now()

    def ask(self, sitting: Sitting | None, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call the API as somebody, or as nobody."""
        self._browser.token = sitting.token if sitting else None
        return self._browser.call(method, path, body, **headers)

    def expect(self, answer: Any, *wanted: int | tuple[int, str]) -> None:
        """Hold an answer to what the model says, by status and code."""
        code = answer.json().get("code") if answer.content else None
        assert answer.status_code in wanted or (answer.status_code, code) in wanted, (wanted, answer.text)

    # --- accounts -------------------------------------------------------------------------------------------

    def enrol(self, kind: str) -> Holder:
        """Register."""
        person = self.system.register(kind)
        return Holder(
            person, self.now, ["account.registered", "verification.requested"], mailed_at=[self.now]
        )

    def prove_mailbox(self, holder: Holder) -> None:
        """Follow the registration's link."""
        value = self.truth.link_value(holder, "registration")
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

    def _follow(self, purpose: Purpose, holder: Holder, value: str) -> Any:
        token = self.system.ports.tokens.link(purpose, holder.person.id, value)
        return self.ask(None, "POST", "/email-verifications/confirm", {"token": token})

    def log_in(self, holder: Holder) -> Sitting | None:
        """Log in directly, with the consents of a first login."""
        person = holder.person
        answer = self.ask(
            None, "POST", "/sessions", {"username": person.username, "password": person.password}
        )
        if holder.suspended or holder.closed:
            refusals = (
                [(401, "bad_credentials"), (429, "locked")] if holder.closed else [(403, "account_suspended")]
            )
            self.expect(answer, *refusals)
            return None
        self.expect(answer, 201)
        sitting = Sitting(answer.json()["token"], holder)
        self.model.sittings.append(sitting)
        if answer.json()["next"] == "consent":
            self._browser.token = sitting.token
            assert self._browser.accept_consents().status_code == 200
        return sitting

    def log_out(self, sitting: Sitting) -> None:
        """End a session."""
        self.expect(self.ask(sitting, "DELETE", "/session"), 204 if sitting.open else 401)
        sitting.open = False

    def reset_password(self, holder: Holder) -> None:
        """Ask for the mail and follow its link."""
        self.system.clock.advance(seconds=61)
        person = holder.person
        wish = {"username": person.username, "email": person.email}
        self.expect(self.ask(None, "POST", "/password-resets", wish), 202)
        value = self.truth.link_value(holder, "password_reset")
        if value is None:
            assert holder.may_be_full(self.now)
            return
        holder.mailed_at.append(self.now)
        holder.events.append("password_reset.requested")
        password = f"Harbour-Crane-{next(_numbers)}!"
        token = self.system.ports.tokens.link(Purpose.PASSWORD_RESET, person.id, value)
        self.expect(
            self.ask(None, "POST", "/password-resets/confirm", {"token": token, "password": password}), 204
        )
        self.expect(
            self.ask(None, "POST", "/password-resets/confirm", {"token": token, "password": password}), 410
        )
        holder.person = _changed(person, password=password)
        binding = self.model.live(holder)
        if binding is not None:
            self.model.remove(binding, "password_reset")
        holder.events.append("account.password_changed")
        self.model.end_sittings(holder)

    def change_password(self, sitting: Sitting, *, end_binding: bool) -> None:
        """Change one's own, perhaps to keep a link account out."""
        holder = sitting.holder
        password = f"Harbour-Crane-{next(_numbers)}!"
        wish = {"current": holder.person.password, "new": password, "end_binding": end_binding}
        self.expect(self.ask(sitting, "PUT", "/account/password", wish), 204)
        holder.person = _changed(holder.person, password=password)
        binding = self.model.live(holder)
        if end_binding and binding is not None:
            self.model.remove(binding, "password_changed")
        holder.events.append("account.password_changed")
        self.model.end_sittings(holder, but=sitting)

    def change_email(self, sitting: Sitting) -> None:
        """Give a new mailbox and prove it."""
        self.system.clock.advance(seconds=61)
        holder = sitting.holder
        email = f"box{next(_numbers)}.{holder.person.username}@example.com"
        tag = self.ask(sitting, "GET", "/account").headers["ETag"]
        change = {"email": email, "current_password": holder.person.password}
        self.expect(self.ask(sitting, "PATCH", "/account", change, **{"If-Match": tag}), 200)
        holder.events.append("email_change.requested")
        value = self.truth.link_value(holder, "email_change")
        assert value is not None
        self.expect(self._follow(Purpose.EMAIL_CHANGE, holder, value), 200)
        holder.person = _changed(holder.person, email=email)
        holder.mailed_at.append(self.now)
        holder.events.append("account.email_changed")
        binding = self.model.live(holder)
        if binding is not None:
            binding.code = None  # it was mailed to the old mailbox

    def suspend_or_reinstate(self, holder: Holder) -> None:
        """Do as an operator does."""
        act = administration.reinstate if holder.suspended else administration.suspend
        with self.system.app.app_context():
            act(self.system.ports, holder.person.username)
        holder.events.append("account.reinstated" if holder.suspended else "account.suspended")
        if not holder.suspended:
            self.model.end_sittings(holder)
        holder.suspended = not holder.suspended

    def close(self, holder: Holder) -> None:
        """Close an account for good, as an operator does."""
        with self.system.app.app_context():
            administration.close(self.system.ports, holder.person.username)
        binding = self.model.live(holder)
        if binding is not None:
            self.model.remove(binding, "account_closed")
        holder.events.append("account.closed operator")
        holder.closed = True
        self.model.end_sittings(holder)

    def tidy(self) -> None:
        """Do what `identity tidy` does."""
        with self.system.app.app_context():
            tidying.tidy(self.system.ports, SqlSweeper(self.system.engine))
        for holder in self.model.holders:
            if holder.lapsed(self.now) and not holder.closed:
                holder.closed = True
                holder.events.append("account.closed lapsed")
        for binding in list(self.model.lapse(self.now)):
            self.model.remove(binding, "lapsed")

    # --- bindings -------------------------------------------------------------------------------------------

    def bind(self, sitting: Sitting, general: Holder) -> None:
        """Ask for a binding with the right password."""
        person, present = general.person, self.model.live(general)
        wish = {"username": person.username, "password": person.password}
        answer = self.ask(sitting, "POST", "/bindings", wish)
        if self._closed_to_link(sitting, answer):
            return
        if general.closed or general.lapsed(self.now):
            self.expect(answer, (401, "bad_credentials"), (429, "locked"))
        elif not general.active:
            self.expect(answer, (422, "not_bindable"))
        elif present is not None and present.stands(self.now):
            self.expect(answer, (409, "already_bound"))
        elif general.too_soon(self.now) or (answer.status_code == 429 and general.may_be_full(self.now)):
            self.expect(answer, (429, "too_soon"))
        else:
            self.expect(answer, 201)
            if present is not None:
                self.model.remove(present, "lapsed")
            self._note_binding(answer.json()["id"], sitting.holder, general)

    def _note_binding(self, binding_id: str, link: Holder, general: Holder) -> None:
        code = Code(self.codes.newest, self.now)
        self.model.bindings.append(Bound(binding_id, link, general, self.now, code))
        general.events += [f"binding.requested {binding_id}", f"bind_code.issued {binding_id}"]
        general.code_mailed(self.now)

    def verify(self, sitting: Sitting, binding: Bound, digits: str) -> None:
        """Give a code."""
        answer = self.ask(sitting, "POST", f"/bindings/{binding.id}/verify", {"code": digits})
        code = binding.code
        if self._closed_to_link(sitting, answer) or self._not_there(sitting, binding, answer):
            return
        if binding.status == "verified":
            self.expect(answer, 200)
        elif not binding.general.active:
            self.expect(answer, (422, "not_bindable"))
        elif code is None or self.now >= code.issued_at + DAY:
            self.expect(answer, (410, "code_expired"))
        elif code.tries >= MOST_TRIES:
            self.expect(answer, (410, "code_spent"))
        elif digits != code.digits:
            code.tries += 1
            self.expect(answer, (400, "code_wrong"))
            assert answer.json()["tries_left"] == MOST_TRIES - code.tries
        else:
            self.expect(answer, 200)
            binding.status, binding.code = "verified", None
            binding.general.events.append(f"binding.verified {binding.id}")

    def resend(self, sitting: Sitting, binding: Bound) -> None:
        """Ask for a new code."""
        answer = self.ask(sitting, "POST", f"/bindings/{binding.id}/code")
        general = binding.general
        if self._closed_to_link(sitting, answer) or self._not_there(sitting, binding, answer):
            return
        if binding.status == "verified":
            self.expect(answer, (409, "already_bound"))
        elif not general.active:
            self.expect(answer, (422, "not_bindable"))
        elif general.too_soon(self.now) or (answer.status_code == 429 and general.may_be_full(self.now)):
            self.expect(answer, (429, "too_soon"))
        else:
            self.expect(answer, 202)
            binding.code = Code(self.codes.newest, self.now)
            general.events.append(f"bind_code.issued {binding.id}")
            general.code_mailed(self.now)

    def unbind_from_link(self, sitting: Sitting, binding: Bound) -> None:
        """End a binding, or dismiss one that has ended."""
        answer = self.ask(sitting, "DELETE", f"/bindings/{binding.id}")
        if self._closed_to_link(sitting, answer):
            return
        if sitting.holder is not binding.link:
            self.expect(answer, (404, "not_found"))
            return
        self.expect(answer, 204)
        if binding.status != "removed":
            self.model.remove(binding, "lapsed" if binding.lapsed(self.now) else "link")

    def unbind_from_general(self, sitting: Sitting) -> None:
        """End the binding of one's own account."""
        answer = self.ask(sitting, "DELETE", "/account/binding")
        binding = self.model.live(sitting.holder)
        if not sitting.open:
            self.expect(answer, 401)
        elif binding is None or binding.lapsed(self.now):
            self.expect(answer, 404)
        else:
            self.expect(answer, 204)
            self.model.remove(binding, "general")

    def remove_as_operator(self, binding: Bound) -> None:
        """End a binding by its id."""
        with self.system.app.app_context():
            administration.remove_binding(self.system.ports, binding.id)
        self.model.remove(binding, "operator")

    def _closed_to_link(self, sitting: Sitting, answer: Any) -> bool:
        if not sitting.open:
            self.expect(answer, (401, "not_signed_in"))
        elif sitting.acting is not None:
            self.expect(answer, (403, "while_switched"))
        else:
            return False
        return True

    def _not_there(self, sitting: Sitting, binding: Bound, answer: Any) -> bool:
        if sitting.holder is binding.link and binding.stands(self.now):
            return False
        self.expect(answer, (404, "not_found"))
        return True

    # --- switching ------------------------------------------------------------------------------------------

    def switch(self, sitting: Sitting, binding: Bound) -> None:
        """Go on as the general account."""
        answer = self.ask(sitting, "POST", "/session/switch", {"binding_id": binding.id})
        if not sitting.open:
            self.expect(answer, 401)
        elif sitting.acting is not None:
            self.expect(answer, (409, "already_switched"))
        elif sitting.holder is not binding.link:
            self.expect(answer, (404, "not_found"))
        elif binding.status != "verified" or not binding.general.active:
            self.expect(answer, (409, "not_verified"))
        else:
            self.expect(answer, 200)
            sitting.token, sitting.acting = answer.json()["token"], binding

    def switch_back(self, sitting: Sitting) -> None:
        """Go back to the link account."""
        answer = self.ask(sitting, "DELETE", "/session/switch")
        if not sitting.open:
            self.expect(answer, 401)
        elif sitting.acting is None:
            self.expect(answer, (409, "not_switched"))
        else:
            self.expect(answer, 200)
            sitting.token, sitting.acting = answer.json()["token"], None

    def look(self, sitting: Sitting) -> None:
        """Ask whom a session stands for."""
        answer = self.ask(sitting, "GET", "/session")
        if not sitting.open:
            self.expect(answer, 401)
            return
        self.expect(answer, 200)
        acting = sitting.acting.general if sitting.acting else sitting.holder
        shown = answer.json()["account"]["username"], answer.json().get("actor", {}).get("username")
        assert shown == (acting.person.username, sitting.holder.person.username if sitting.acting else None)


def _changed(person: Person, *, password: str | None = None, email: str | None = None) -> Person:
    return Person(
        person.id,
        person.kind,
        person.username,
        email or person.email,
        password or person.password,
        person.tax_id,
    )
