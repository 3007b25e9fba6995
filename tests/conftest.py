"""What every test finds: the real servers of tests/support, in a quick place."""

from tests.support import places

pytest_plugins = ["tests.support.fixtures", "tests.support.system_fixtures", "tests.support.process_fixtures"]

places.settle()
