"""What every test finds: the real servers of tests/support."""

pytest_plugins = ["tests.support.fixtures", "tests.support.system_fixtures", "tests.support.process_fixtures"]
