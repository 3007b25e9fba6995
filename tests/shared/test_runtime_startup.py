import gc

import pytest
from port_runtime.startup import without_collection


class Node:
    """An object that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


def test_nothing_is_collected_in_the_block_and_what_exists_then_is_exempt() -> None:
    try:
        with without_collection():
            inside = gc.isenabled()
            kept = Node()

        assert (inside, gc.isenabled()) == (False, True)
        assert not any(found is kept for found in gc.get_objects())
    finally:
        gc.unfreeze()


def test_an_error_in_the_block_switches_collection_on_again() -> None:
    with pytest.raises(ZeroDivisionError), without_collection():
        raise ZeroDivisionError
    gc.unfreeze()

    assert gc.isenabled()
