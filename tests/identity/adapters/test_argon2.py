"""Passwords are hashed with Argon2id (SEC-1)."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from identity.adapters.argon2 import Cost, random_hash


@pytest.mark.rule("LOGIN-1")
def test_the_hash_for_unknown_names_costs_as_much_as_a_computed_hash() -> None:
    cost = Cost(memory_kib=8192, passes=3, lanes=2)
    hasher = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)

    found = random_hash(cost)

    assert extract_parameters(found) == extract_parameters(hasher.hash("any password"))
    with pytest.raises(VerifyMismatchError):
        hasher.verify(found, "any password")
