"""For each alert: series with which the alert fires, and series with which it does not.

Series are in promtool's notation: `0+6x60` starts at 0 and grows by 6 a minute for an hour, `_` is a minute without a
value. Each series gets the labels `namespace="production", job="here", instance="a"`, unless it already has a label
`namespace`. The alerts are evaluated after 55 minutes.
"""

from dataclasses import dataclass

Series = dict[str, str]

STAGING = 'namespace="staging", job="here", instance="a"'
_ENDED = "1x20 _x40"
_STAYS = "1x60"


@dataclass(frozen=True, slots=True)
class Case:
    """`number` alerts fire with the series `fires`, and none with the series `quiet`."""

    fires: Series
    quiet: Series
    number: int = 1


def missing(metric: str) -> Case:
    """Return the case of a process that ends in production while staging's process continues."""
    staging = f"{metric}{{{STAGING}}}"
    return Case({metric: _ENDED, staging: _STAYS}, {metric: _STAYS, staging: _STAYS})


def above(metric: str, *, high: str, low: str) -> Case:
    """Return a case in which the alert fires with `high` in production only, and not with `low`."""
    return Case({metric: high, _in_staging(metric): low}, {metric: low, _in_staging(metric): low})


def _in_staging(metric: str) -> str:
    name, _, labels = metric.rstrip("}").partition("{")
    return f"{name}{{{', '.join(filter(None, (labels, STAGING)))}}}"


def _requests(*, errors: str, answered: str, probes: str = "0x60") -> Series:
    return {
        'identity_http_requests_total{status="5xx", route="/login"}': errors,
        'identity_http_requests_total{status="2xx", route="/login"}': answered,
        'identity_http_requests_total{status="5xx", route="/readyz"}': probes,
    }


def _seconds(*, fast: str, slow: str) -> Series:
    name = "identity_http_request_seconds_bucket"
    return {
        f'{name}{{route="/login", le="2.5"}}': fast,
        f'{name}{{route="/login", le="5"}}': slow,
        f'{name}{{route="/login", le="+Inf"}}': slow,
        f'{name}{{route="/readyz", le="2.5"}}': "0x60",
        f'{name}{{route="/readyz", le="+Inf"}}': "0+1000x60",
    }


def _logins(*, failed: str, opened: str) -> Series:
    return {
        'identity_logins_total{outcome="bad_credentials"}': failed,
        'identity_logins_total{outcome="opened"}': opened,
    }


def _pool(used: str, maximum: str = "5x60") -> Series:
    labels = '{pool="statements"}'
    idle = {'identity_database_connections{pool="transactions"}': "0x60"}
    return {
        f"identity_database_connections{labels}": used,
        f"identity_database_connections_max{labels}": maximum,
        'identity_database_connections_max{pool="transactions"}': "5x60",
        **idle,
    }


def _memory(used: str, maximum: str = "100x60") -> Series:
    return {"identity_redis_memory_bytes": used, "identity_redis_memory_max_bytes": maximum}


_FIGURES: Series = {
    "identity_web_workers": _STAYS,
    "identity_sessions": _STAYS,
    "identity_relay_leads": _STAYS,
    "identity_outbox_oldest_seconds": _STAYS,
    "identity_stream_entries": _STAYS,
    "mailer_in_hand": _STAYS,
    "mailer_dead_letters": _STAYS,
}
_SESSIONS_IN_STAGING = {
    f"identity_sessions{{{STAGING}}}": _STAYS,
    f"identity_web_workers{{{STAGING}}}": _STAYS,
}

CASES: dict[str, list[Case]] = {
    "IdentityDown": [missing("identity_web_workers"), above("identity_web_workers", high="1x20 0x40", low=_STAYS)],
    "IdentityErrors": [
        Case(_requests(errors="0+6x60", answered="0+60x60"), _requests(errors="0+1x60", answered="0+60x60")),
        # A single error at night must not raise an alarm, and a failed probe is not a request.
        Case(
            _requests(errors="0+2x60", answered="0+2x60"),
            _requests(errors="0x44 1x5 2x5 3x5", answered="0x44 2x5 4x5 6x5", probes="0+60x60"),
        ),
    ],
    "IdentitySlow": [
        Case(_seconds(fast="0+90x60", slow="0+100x60"), _seconds(fast="0+100x60", slow="0+100x60")),
    ],
    "HashQueueFull": [above("identity_hashes_refused_total", high="0+60x60", low="0+1x60")],
    "LoginsFail": [
        Case(_logins(failed="0+120x60", opened="0+10x60"), _logins(failed="0+120x60", opened="0+60x60")),
        Case(_logins(failed="0+120x60", opened="0+1x60"), _logins(failed="0+6x60", opened="0x60")),
    ],
    "ClientAddressUnreadable": [
        above('identity_forwarding_unreadable_total{header="forwarded"}', high="0+1x60", low="9x60")
    ],
    "RefreshReuse": [above("identity_refresh_reuse_total", high="0x50 1x10", low="1x60")],
    "DatabasePoolFull": [Case(_pool("5x60"), _pool("4x60")), Case(_pool("5x60"), _pool("0x60", "0x60"))],
    "TidyFailed": [
        above("identity_expired_oldest_seconds", high="9000+60x60", low="3500x60"),
        # The run fails after it has deleted the expired rows.
        above("identity_tidy_last_success_seconds", high="9000+60x60", low="3500x60"),
    ],
    "RelayMissing": [missing("identity_relay_leads"), above("identity_relay_leads", high="1x20 0x40", low=_STAYS)],
    "OutboxStuck": [above("identity_outbox_oldest_seconds", high="31x60", low="1x60")],
    "RedisLostEvents": [above("identity_relay_published_again_total", high="0x50 7x10", low="7x60")],
    "RedisMemoryFull": [
        Case(_memory("81x60"), _memory("79x60")),
        Case(_memory("81x60"), _memory("81x60", "0x60")),  # Redis has no memory limit
    ],
    "ConsumerBehind": [
        above('identity_stream_oldest_seconds{stream="events", group="a"}', high="3601x60", low="60x60"),
        above('identity_stream_oldest_seconds{stream="events", group="a"}', high="3601x60", low="0x60"),
    ],
    "FiguresMissing": [
        Case(_FIGURES | {metric: _ENDED} | _SESSIONS_IN_STAGING, _FIGURES)
        for metric in (
            "identity_sessions",
            "identity_outbox_oldest_seconds",
            "identity_stream_entries",
            "mailer_dead_letters",
        )
    ],
    "AuditLogNotSealed": [above("identity_audit_oldest_seconds", high="61x60", low="9x60")],
    "AuditLogTruncated": [above("identity_audit_truncated", high="0x50 1x10", low="0x60")],
    "AuditHeadWentBack": [above("identity_audit_head", high="0+1x40 30x20", low="0+1x60")],
    "NotifyMissing": [missing("identity_logouts_waiting")],
    "LogoutsWaiting": [above("identity_logouts_oldest_seconds", high="601x60", low="60x60")],
    "LogoutsSetAside": [above('identity_logouts_total{outcome="set_aside"}', high="0x50 1x10", low="1x60")],
    "SigningKeyMissing": [above('identity_signing_keys{alg="ES256"}', high="0x60", low="1x60")],
    "MailerMissing": [missing("mailer_in_hand")],
    "MailsLate": [above("identity_mails_oldest_seconds", high="901x60", low="60x60")],
    "MailServerAway": [
        Case({"mailer_smtp_away": "1x60", 'mailer_smtp_away{namespace="production", job="here", instance="b"}': "0x60"},
             {"mailer_smtp_away": "1x52 0x8"}),
        Case({"mailer_smtp_away": "1x60", 'mailer_smtp_away{namespace="production", job="here", instance="b"}': "1x60"},
             {"mailer_smtp_away": "0x60"}, number=2),
    ],
    "MailServerRefusesUs": [above('mailer_put_off_total{reason="misconfigured"}', high="0+1x60", low="3x60")],
    "MailsExpired": [above('mailer_mails_total{type="bind_code", outcome="expired"}', high="0x50 1x10", low="1x60")],
    "MailsLost": [above("identity_mails_lost_total", high="0x50 1x10", low="1x60")],
    "MailsUnreadable": [
        above('mailer_mails_total{type="unreadable", outcome="refused"}', high="0x50 1x10", low="1x60")
    ],
    "MailsRefused": [
        above('mailer_mails_total{type="bind_code", outcome="refused"}', high="0+1x60", low="0x30 9x30")
    ],
    "QueuePaused": [above("mailer_paused", high="1x60", low="0x40 1x20")],
}  # fmt: skip
