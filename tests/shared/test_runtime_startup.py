import gc

import pytest
from port_runtime.startup import without_collection


class Node:
    """An object that only garbage collection frees."""

    def __init__(self) -> None:
        self.itself = self


def test_no_garbage_is_collected_in_the_block_and_existing_objects_are_exempt_afterwards() -> None:
    try:
        with without_collection():
            inside = gc.isenabled()
            survivor = Node()

        assert (inside, gc.isenabled()) == (False, True)
        assert not any(found is survivor for found in gc.get_objects())
    finally:
        gc.unfreeze()


def test_an_error_in_the_block_enables_garbage_collection_again() -> None:
    with pytest.raises(ZeroDivisionError), without_collection():
        raise ZeroDivisionError
    gc.unfreeze()

    assert gc.isenabled()
