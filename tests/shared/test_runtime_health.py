"""Health reports contain the results of checks, but no messages of libraries."""

import pytest
from port_runtime.health import Check, Unhealthy, run_checks


def fail(error: Exception) -> None:
    raise error


def test_a_report_is_ok_when_all_checks_pass() -> None:
    report = run_checks([Check("database", lambda: None), Check("redis", lambda: None)])

    assert report.ok
    assert report.results == {"database": "ok", "redis": "ok"}


def test_every_check_runs_also_after_a_failed_one() -> None:
    report = run_checks(
        [
            Check("database", lambda: fail(Unhealthy("migrations are missing"))),
            Check("redis", lambda: None),
        ]
    )

    assert not report.ok
    assert report.results == {"database": "migrations are missing", "redis": "ok"}


@pytest.mark.rule("SEC-13")
def test_a_librarys_message_is_logged_and_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    report = run_checks([Check("database", lambda: fail(OSError("no route to user@db.internal")))])

    assert report.results == {"database": "OSError"}
    assert "no route" in caplog.text


def test_a_failed_check_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    run_checks(
        [Check("database", lambda: fail(OSError("no route to the host\nBackground on this error: …")))]
    )

    assert [record.getMessage() for record in caplog.records] == [
        "check database failed: OSError: no route to the host"
    ]
    assert "Traceback" not in caplog.text
