"""Health reports contain the results of checks, but no library messages."""

import pytest
from port_runtime.health import OK, Check, Report, Unhealthy, run_checks, wait_until_healthy


def fail(error: Exception) -> None:
    raise error


def test_a_report_is_ok_when_all_checks_pass() -> None:
    report = run_checks([Check("database", lambda: None), Check("redis", lambda: None)])

    assert report.ok
    assert report.results == {"database": "ok", "redis": "ok"}


def test_every_check_runs_even_after_a_failed_check() -> None:
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


def test_failed_checks_are_repeated_until_all_pass_and_each_change_is_reported() -> None:
    reasons, reports = iter(["no tables", "no tables", "read-only"]), list[Report]()

    def probe() -> None:
        if reason := next(reasons, None):
            raise Unhealthy(reason)

    report = wait_until_healthy(
        [Check("database", probe)], timeout_seconds=60, report_change=reports.append, interval_seconds=0.001
    )

    assert report.results == {"database": OK}
    assert [each.results["database"] for each in reports] == ["no tables", "read-only"]


def test_a_wait_ends_when_its_time_is_over() -> None:
    check = Check("database", lambda: fail(Unhealthy("read-only")))

    reports = [
        wait_until_healthy(
            [check], timeout_seconds=seconds, report_change=lambda _: None, interval_seconds=0.001
        )
        for seconds in (0, 0.01)
    ]

    assert [report.results for report in reports] == [{"database": "read-only"}] * 2
