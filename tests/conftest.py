"""Loads the plugins of tests/support and configures the test process."""

import gc

from hypothesis import settings

from tests.support.harness import tmpdir

pytest_plugins = [
    "tests.support.harness.fast_option",
    "tests.support.browser.fixtures",
    "tests.support.servers.fixtures",
    "tests.support.harness.fixtures",
]

tmpdir.use_memory()
# On a busy machine the first case may exceed any deadline.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")


def pytest_collection_finish() -> None:
    """Exclude imported modules from garbage collection, which took a quarter of a rule test's CPU time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
