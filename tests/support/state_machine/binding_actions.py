"""The state machine's actions on bindings and switched sessions."""

from typing import Any

from identity.usecases import operator_support

from tests.support.state_machine.account_actions import AccountActions
from tests.support.state_machine.model import (
    DAY,
    MAX_TRIES,
    ModelAccount,
    ModelBinding,
    ModelCode,
    ModelSession,
)


class Actions(AccountActions):
    def bind(self, session: ModelSession, general: ModelAccount) -> None:
        """Request a binding with the correct password."""
        person, present = general.person, self.model.unremoved_binding(general)
        body = {"username": person.username, "password": person.password}
        answer = self.request(session, "POST", "/bindings", body)
        if self._closed_to_link(session, answer):
            return
        if general.closed or general.lapsed(self.now):
            self.expect(answer, (401, "bad_credentials"), (429, "locked"))
        elif not general.active:
            self.expect(answer, (422, "not_bindable"))
        elif present is not None and present.is_live(self.now):
            self.expect(answer, (409, "already_bound"))
        elif general.too_soon(self.now) or (
            answer.status_code == 429 and general.may_be_rate_limited(self.now)
        ):
            self.expect(answer, (429, "too_soon"))
        else:
            self.expect(answer, 201)
            if present is not None:
                self.model.remove(present, "lapsed")
            self._record_binding(answer.json()["id"], session.account, general)

    def _record_binding(self, binding_id: str, link: ModelAccount, general: ModelAccount) -> None:
        code = ModelCode(self.codes.newest, self.now)
        self.model.bindings.append(ModelBinding(binding_id, link, general, self.now, code))
        general.events += [f"binding.requested {binding_id}", f"bind_code.issued {binding_id}"]
        general.record_code_mail(self.now)

    def verify(self, session: ModelSession, binding: ModelBinding, digits: str) -> None:
        answer = self.request(session, "POST", f"/bindings/{binding.id}/verify", {"code": digits})
        code = binding.code
        if self._closed_to_link(session, answer) or self._not_found(session, binding, answer):
            return
        if binding.status == "verified":
            self.expect(answer, 200)
        elif not binding.general.active:
            self.expect(answer, (422, "not_bindable"))
        elif code is None or self.now >= code.issued_at + DAY:
            self.expect(answer, (410, "code_expired"))
        elif code.tries >= MAX_TRIES:
            self.expect(answer, (410, "code_spent"))
        elif digits != code.digits:
            code.tries += 1
            self.expect(answer, (400, "code_wrong"))
            assert answer.json()["tries_left"] == MAX_TRIES - code.tries
        else:
            self.expect(answer, 200)
            binding.status, binding.code = "verified", None
            binding.general.events.append(f"binding.verified {binding.id}")

    def resend(self, session: ModelSession, binding: ModelBinding) -> None:
        answer = self.request(session, "POST", f"/bindings/{binding.id}/code")
        general = binding.general
        if self._closed_to_link(session, answer) or self._not_found(session, binding, answer):
            return
        if binding.status == "verified":
            self.expect(answer, (409, "already_bound"))
        elif not general.active:
            self.expect(answer, (422, "not_bindable"))
        elif general.too_soon(self.now) or (
            answer.status_code == 429 and general.may_be_rate_limited(self.now)
        ):
            self.expect(answer, (429, "too_soon"))
        else:
            self.expect(answer, 202)
            binding.code = ModelCode(self.codes.newest, self.now)
            general.events.append(f"bind_code.issued {binding.id}")
            general.record_code_mail(self.now)

    def unbind_from_link(self, session: ModelSession, binding: ModelBinding) -> None:
        """End a binding, or dismiss an ended one."""
        answer = self.request(session, "DELETE", f"/bindings/{binding.id}")
        if self._closed_to_link(session, answer):
            return
        if session.account is not binding.link:
            self.expect(answer, (404, "not_found"))
            return
        self.expect(answer, 204)
        if binding.status != "removed":
            self.model.remove(binding, "lapsed" if binding.lapsed(self.now) else "link")

    def unbind_from_general(self, session: ModelSession) -> None:
        answer = self.request(session, "DELETE", "/account/binding")
        binding = self.model.unremoved_binding(session.account)
        if not session.open:
            self.expect(answer, 401)
        elif binding is None or binding.lapsed(self.now):
            self.expect(answer, 404)
        else:
            self.expect(answer, 204)
            self.model.remove(binding, "general")

    def remove_as_operator(self, binding: ModelBinding) -> None:
        with self.system.app.app_context():
            operator_support.remove_binding(self.system.ports, binding.id)
        self.model.remove(binding, "operator")

    def _closed_to_link(self, session: ModelSession, answer: Any) -> bool:
        if not session.open:
            self.expect(answer, (401, "not_signed_in"))
        elif session.acting is not None:
            self.expect(answer, (403, "while_switched"))
        else:
            return False
        return True

    def _not_found(self, session: ModelSession, binding: ModelBinding, answer: Any) -> bool:
        if session.account is binding.link and binding.is_live(self.now):
            return False
        self.expect(answer, (404, "not_found"))
        return True

    def switch(self, session: ModelSession, binding: ModelBinding) -> None:
        answer = self.request(session, "POST", "/session/switch", {"binding_id": binding.id})
        if not session.open:
            self.expect(answer, 401)
        elif session.acting is not None:
            self.expect(answer, (409, "already_switched"))
        elif session.account is not binding.link:
            self.expect(answer, (404, "not_found"))
        elif binding.status != "verified" or not binding.general.active:
            self.expect(answer, (409, "not_verified"))
        else:
            self.expect(answer, 200)
            session.token, session.acting = answer.json()["token"], binding

    def switch_back(self, session: ModelSession) -> None:
        answer = self.request(session, "DELETE", "/session/switch")
        if not session.open:
            self.expect(answer, 401)
        elif session.acting is None:
            self.expect(answer, (409, "not_switched"))
        else:
            self.expect(answer, 200)
            session.token, session.acting = answer.json()["token"], None

    def read_session(self, session: ModelSession) -> None:
        """Read the session and compare account and actor."""
        answer = self.request(session, "GET", "/session")
        if not session.open:
            self.expect(answer, 401)
            return
        self.expect(answer, 200)
        acting = session.acting.general if session.acting else session.account
        shown = answer.json()["account"]["username"], answer.json().get("actor", {}).get("username")
        assert shown == (acting.person.username, session.account.person.username if session.acting else None)
