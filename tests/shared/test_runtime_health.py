"""Health is what the checks say, without the words of libraries."""

import pytest
from port_runtime.health import Check, Unhealthy, run_checks


def fail(error: Exception) -> None:
    raise error


def test_all_checks_well_is_well() -> None:
    report = run_checks([Check("database", lambda: None), Check("redis", lambda: None)])

    assert report.ok
    assert report.results == {"database": "ok", "redis": "ok"}


def test_every_check_is_asked_also_after_one_has_failed() -> None:
    report = run_checks(
        [
            Check("database", lambda: fail(Unhealthy("migrations are missing"))),
            Check("redis", lambda: None),
        ]
    )

    assert not report.ok
    assert report.results == {"database": "migrations are missing", "redis": "ok"}


@pytest.mark.rule("SEC-13")
def test_the_words_of_a_library_are_logged_and_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    report = run_checks([Check("database", lambda: fail(OSError("no route to user@db.internal")))])

    assert report.results == {"database": "OSError"}
    assert "no route" in caplog.text


def test_a_failed_check_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    run_checks(
        [Check("database", lambda: fail(OSError("no route to the host\nBackground on this error: …")))]
    )

    assert [record.getMessage() for record in caplog.records] == [
        "check database failed: OSError: no route to the host"
    ]
    assert "Traceback" not in caplog.text
