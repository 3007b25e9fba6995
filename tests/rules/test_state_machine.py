"""Two link and three general accounts perform random actions; a model predicts the answers."""

from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.harness.fixtures import StartSystem
from tests.support.harness.predictable_codes import PredictableCodes
from tests.support.state_machine.binding_actions import Actions
from tests.support.state_machine.model import ModelAccount, ModelBinding, ModelSession

WALKS = settings(
    max_examples=10,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
"""These numbers of runs and steps take about ten seconds on each kind of database."""
_LONG = {"IDENTITY_SESSION_IDLE": "3650d", "IDENTITY_SESSION_ABSOLUTE": "3650d"}
"""Sessions never time out in this test; time-outs have their own tests."""

ACTS = ["verify", "resend", "unbind", "switch", "back", "look", "log out"]
T = TypeVar("T")
which = st.integers(0, 30)
wait = st.sampled_from([61, 61, 61, 0])
"""Seconds to wait before a code is requested; mostly more than the minimum of 60."""


def pick(choices: Sequence[T], number: int) -> T:
    """Return one of the items; 0 selects the newest."""
    return choices[-1 - number % len(choices)]


class Walk(RuleBasedStateMachine):
    """One run with new accounts in the same installation. The third general account starts unverified."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.do = actions
        self.model = actions.model

    @initialize()
    def people(self) -> None:
        self.model.links = [self.do.register("link") for _ in range(2)]
        self.model.generals = [self.do.register("general") for _ in range(3)]
        for holder in self.model.accounts[:-1]:
            self.do.verify_mailbox(holder)
        self.bind(0, 0, 0)
        self.verify(0)

    # --- choices: a number selects among existing items -----------------------------------------------------------

    def any_switched(self) -> bool:
        return any(each.open and each.acting for each in self.model.sessions)

    def any_session_and_binding(self) -> bool:
        return bool(self.model.sessions and self.model.bindings)

    def suspended(self) -> list[ModelAccount]:
        return [each for each in self.model.accounts if each.suspended and not each.closed]

    def bindings(self, *states: str) -> list[ModelBinding]:
        return [each for each in self.model.bindings if each.status in states]

    def unswitched_session(self, holder: ModelAccount) -> ModelSession | None:
        """Return an unswitched session of the account, after a login if necessary; None if the login is refused."""
        own = [
            each for each in self.model.sessions if each.account is holder and each.open and not each.acting
        ]
        return own[-1] if own else self.do.log_in(holder)

    # --- bindings -----------------------------------------------------------------------------------------------

    @rule(link=which, general=which, after=wait)
    def bind(self, link: int, general: int, after: int) -> None:
        self.do.system.clock.advance(seconds=after)
        if session := self.unswitched_session(self.model.links[link % 2]):
            self.do.bind(session, self.model.generals[general % 3])

    @precondition(lambda self: self.bindings("unverified"))
    @rule(number=which)
    def verify(self, number: int) -> None:
        binding = pick(self.bindings("unverified"), number)
        if session := self.unswitched_session(binding.link):
            self.do.verify(session, binding, binding.code.digits if binding.code else "000000")

    @precondition(lambda self: self.bindings("unverified"))
    @rule(number=which, times=st.integers(1, 6))
    def verify_with_a_wrong_code(self, number: int, times: int) -> None:
        binding = pick(self.bindings("unverified"), number)
        if session := self.unswitched_session(binding.link):
            for _ in range(times):
                self.do.verify(session, binding, "000000")

    @precondition(lambda self: self.bindings("unverified"))
    @rule(number=which, after=wait)
    def resend_and_try_the_old_code(self, number: int, after: int) -> None:
        self.do.system.clock.advance(seconds=after)
        binding = pick(self.bindings("unverified"), number)
        old = binding.code
        if session := self.unswitched_session(binding.link):
            self.do.resend(session, binding)
            if old is not None and binding.code is not old:
                self.do.verify(session, binding, old.digits)

    @precondition(lambda self: self.bindings("unverified", "verified"))
    @rule(number=which, side=st.sampled_from(["link", "link", "general", "general", "operator"]))
    def unbind(self, number: int, side: str) -> None:
        binding = pick(self.bindings("unverified", "verified"), number)
        if side == "operator":
            self.do.remove_as_operator(binding)
            return
        session = self.unswitched_session(binding.link if side == "link" else binding.general)
        if session and side == "link":
            self.do.unbind_from_link(session, binding)
        elif session:
            self.do.unbind_from_general(session)

    # --- sessions -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.bindings("verified"))
    @rule(number=which)
    def switch(self, number: int) -> None:
        binding = pick(self.bindings("verified"), number)
        if session := self.unswitched_session(binding.link):
            self.do.switch(session, binding)

    @precondition(any_switched)
    @rule(number=which)
    def switch_back(self, number: int) -> None:
        self.do.switch_back(pick([each for each in self.model.sessions if each.open and each.acting], number))

    @precondition(any_session_and_binding)
    @rule(
        session_number=which,
        binding_number=which,
        act=st.sampled_from(ACTS),
    )
    def any_session_acts_on_any_binding(self, session_number: int, binding_number: int, act: str) -> None:
        """Act with any session on any binding, including ended sessions and other people's bindings."""
        session = pick(self.model.sessions, session_number)
        binding = pick(self.model.bindings, binding_number)
        if session.account in self.model.generals and act not in {"back", "look", "log out"}:
            return
        {
            "verify": lambda: self.do.verify(session, binding, "000000"),
            "resend": lambda: self.do.resend(session, binding),
            "unbind": lambda: self.do.unbind_from_link(session, binding),
            "switch": lambda: self.do.switch(session, binding),
            "back": lambda: self.do.switch_back(session),
            "look": lambda: self.do.read_session(session),
            "log out": lambda: self.do.log_out(session),
        }[act]()

    # --- accounts -----------------------------------------------------------------------------------------------

    @rule(
        number=st.integers(0, 3),
        what=st.sampled_from(
            ["reset", "reset", "password", "keep out", "mailbox", "mailbox", "suspension", "end"]
        ),
    )
    def something_happens_to_an_account(self, number: int, what: str) -> None:
        holder = self.model.accounts[number]
        if holder.closed:
            return
        if what == "reset":
            self.do.reset_password(holder)
        elif what in {"password", "keep out"}:
            if session := self.unswitched_session(holder):
                self.do.change_password(session, end_binding=what == "keep out")
        elif what == "end" and holder is self.model.generals[0]:
            self.do.close(holder)
        elif what == "suspension" and not self.suspended():
            self.do.suspend_or_reinstate(holder)
        elif what == "mailbox":
            waiting = self.bindings("unverified")
            holder = waiting[-1].general if waiting else holder  # an email change voids an open code
            if session := self.unswitched_session(holder):
                self.do.change_email(session)

    @precondition(lambda self: not self.model.generals[2].verified)
    @rule()
    def prove_the_mailbox(self) -> None:
        self.do.verify_mailbox(self.model.generals[2])

    @precondition(lambda self: bool(self.suspended()))
    @rule()
    def reinstate(self) -> None:
        self.do.suspend_or_reinstate(self.suspended()[0])

    @rule(hours=st.sampled_from([1, 23, 24, 168]), tidy=st.booleans())
    def time_passes(self, hours: int, tidy: bool) -> None:  # noqa: FBT001  # drawn by name
        self.do.system.clock.advance(hours=hours)
        if tidy:
            self.do.clean_up()

    # --- invariants -------------------------------------------------------------------------------------------------

    @invariant()
    def a_general_account_has_at_most_one_live_binding(self) -> None:
        assert self.do.database.bound_more_than_once() == []
        assert self.do.database.bindings(self.model) == {each.id: each.status for each in self.model.bindings}

    @invariant()
    def no_session_acts_through_a_binding_that_has_ended(self) -> None:
        digest = self.do.system.ports.tokens.session_digest
        tokens = self.do.database.tokens()

        assert self.do.database.invalid_sessions() == []
        assert [each.open for each in self.model.sessions] == [
            digest(each.token) in tokens for each in self.model.sessions
        ]

    @invariant()
    def a_binding_has_one_live_code_and_it_is_the_newest(self) -> None:
        codes = self.do.database.codes(self.model)
        digest = self.do.system.ports.tokens.code_digest

        expected = {each.id: each.code for each in self.model.bindings if each.code}
        assert codes.keys() == expected.keys()
        for binding_id, (challenge, stored_digest, tries) in codes.items():
            code = expected[binding_id]
            assert (stored_digest, tries) == (digest(challenge, code.digits), code.tries)

    @invariant()
    def every_change_has_its_event_and_every_event_its_change(self) -> None:
        everybody = self.model.accounts
        assert self.do.database.events(self.model) == {
            each.person.id: list(enumerate(each.events, start=1)) for each in everybody
        }
        assert self.do.database.accounts(self.model) == {
            each.person.id: (each.verified, each.suspended, each.closed, each.person.email, len(each.events))
            for each in everybody
        }

    def teardown(self) -> None:
        for session in self.model.sessions:
            self.do.read_session(session)


@pytest.mark.timeout(900)  # Hypothesis shrinks a failure for up to five minutes before reporting it
@pytest.mark.rule(
    "BIND-4", "BIND-6", "BIND-8", "SW-1", "SW-5", "UNB-1", "UNB-2", "UNB-5", "EVT-1", "EVT-2", "SEC-5"
)
def test_system_and_model_agree_after_any_sequence_of_actions(
    start_system: StartSystem,
) -> None:
    codes = PredictableCodes()
    system = start_system(randomness=codes, IDENTITY_LOGIN_FAILURES_PER_ADDRESS="1000000", **_LONG)

    class WalkHere(Walk):
        def __init__(self) -> None:
            super().__init__(Actions(system, codes))

    run_state_machine_as_test(WalkHere, settings=WALKS)

    in_database = system.rows("SELECT subject, event_id FROM outbox ORDER BY subject, id")
    # A stable sort keeps the order of each account.
    in_stream = sorted(system.events(), key=lambda event: event.subject)
    assert [(event.subject, event.id) for event in in_stream] == [tuple(row) for row in in_database]
