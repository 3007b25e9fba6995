"""What every test finds: the real servers of tests/support, in a quick place."""

from tests.support.harness import tmpdir

pytest_plugins = [
    "tests.support.selection",
    "tests.support.servers.fixtures",
    "tests.support.harness.fixtures",
]

tmpdir.settle()
