"""Passwords are hashed by Argon2id with bounded concurrency, and rehashed after a change of parameters (SEC-1)."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import islice
from unittest import mock

import httpx
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import HashingError, VerifyMismatchError

from tests.support.actors.people import PASSWORD, unique
from tests.support.harness.commands import invoke
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System

SLOTS, QUEUE, ASKED = 2, 3, 12


class BlockedHashes:
    """Blocks every hash until `release`, and records the maximum number of concurrent hashes."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.most = self._now = 0
        self._lock = threading.Lock()

    def block(self) -> None:
        """Block, and count as running, until released."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        assert self.release.wait(20)
        with self._lock:
            self._now -= 1


@pytest.fixture
def busy(
    start_system: StartSystem, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[System, BlockedHashes]]:
    """A system with few hash slots. Its password checks block until the test releases them, and then fail."""
    system = start_system(
        IDENTITY_HASH_SLOTS=str(SLOTS), IDENTITY_HASH_QUEUE=str(QUEUE), IDENTITY_WEB_THREADS="24"
    )
    hashes = BlockedHashes()

    def verify(_hasher: PasswordHasher, _hash: str, _password: str) -> bool:
        hashes.block()
        raise VerifyMismatchError

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    yield system, hashes
    hashes.release.set()


def _login(system: System) -> httpx.Response:
    return system.visitor().post("/sessions", {"username": f"nobody{unique()}", "password": "wrong-password"})


def _first(count: int, futures: list[Future[httpx.Response]]) -> list[httpx.Response]:
    return [future.result() for future in islice(as_completed(futures, timeout=20), count)]


@pytest.mark.rule("SEC-1")
def test_a_login_beyond_hashing_slots_and_queue_gets_retry_after(busy: tuple[System, BlockedHashes]) -> None:
    system, hashes = busy

    with ThreadPoolExecutor(ASKED) as pool:
        futures = [pool.submit(_login, system) for _ in range(ASKED)]
        refused = _first(ASKED - SLOTS - QUEUE, futures)
        session = system.visitor().get("/session")
        wait_until(lambda: hashes.most >= SLOTS, what="a hash in every slot")
        hashes.release.set()
        answers = [future.result() for future in futures]

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "busy")}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 10 for answer in refused)
    assert sorted(answer.status_code for answer in answers) == [401] * (SLOTS + QUEUE) + [503] * len(refused)
    assert hashes.most == SLOTS
    assert session.status_code == 401


@pytest.mark.rule("SEC-1")
def test_passwords_are_hashed_by_argon2id_with_owasps_default_parameters(
    start_system: StartSystem,
) -> None:
    system = start_system(IDENTITY_ARGON2_MEMORY_KIB="", IDENTITY_ARGON2_PASSES="")

    person = system.register()

    ((stored,),) = system.rows("SELECT password_hash FROM accounts WHERE id = :id", id=person.id)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in stored


@pytest.mark.rule("SEC-1")
def test_passwords_are_hashed_even_if_no_thread_may_lower_its_priority(
    start_system: StartSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    system = start_system()

    login = system.visitor().log_in(system.person())

    assert login.status_code == 201


@pytest.mark.rule("SEC-1", "OPS-5")
def test_a_check_fails_if_no_password_can_be_hashed(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    works = invoke(system, "check")
    monkeypatch.setattr(PasswordHasher, "hash", mock.Mock(side_effect=HashingError))
    fails = invoke(system, "check")

    assert (works.exit_code, "passwords: ok\n" in works.output) == (0, True)
    assert (fails.exit_code, "passwords: HashingError\n" in fails.output) == (1, True)


@pytest.mark.rule("SEC-1")
def test_a_hash_is_renewed_at_login_after_a_parameter_change(start_system: StartSystem) -> None:
    before = start_system(IDENTITY_ARGON2_PASSES="1")
    person = before.person()
    after = start_system(IDENTITY_ARGON2_PASSES="3")

    logins = [after.visitor().log_in(person).status_code for _ in range(2)]

    ((stored,),) = after.rows("SELECT password_hash FROM accounts WHERE id = :id", id=person.id)
    assert logins == [201, 201]
    assert stored.startswith("$argon2id$v=19$m=64,t=3,p=1$")
