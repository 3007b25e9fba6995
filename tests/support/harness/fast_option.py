"""The option --fast of `make test-fast`; loaded by tests/conftest.py."""

import pytest

_SLOW_FIXTURES = frozenset(
    {"postgres", "redis_session", "smtp_session", "start_redis", "start_smtp", "chromium"}
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fast",
        action="store_true",
        help="skip tests with PostgreSQL, browsers, their own servers, or commands as processes",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("fast"):
        slow = [item for item in items if _is_slow(item)]
        items[:] = [item for item in items if item not in set(slow)]
        config.hook.pytest_deselected(items=slow)


def _is_slow(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    # `database_url` requests PostgreSQL only at run time, so its parameter decides.
    on_postgresql = "postgresql_url" in item.fixturenames or (
        "database_url" in item.fixturenames and item.callspec.params["database_url"] == "postgresql"
    )
    return (
        on_postgresql
        or not _SLOW_FIXTURES.isdisjoint(item.fixturenames)
        or item.get_closest_marker("processes") is not None
    )
