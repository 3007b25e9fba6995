"""A connection stays on this machine, or verifies the server's certificate and name (SEC-18)."""

import pytest
from port_runtime.tls_urls import is_database_protected, is_redis_protected


@pytest.mark.rule("SEC-18")
@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////data/identity.db",
        "postgresql+psycopg://u:p@db.internal/x?sslmode=verify-full",
        "postgresql+psycopg://u:p@127.0.0.1:5432/x",
        "postgresql+psycopg://u:p@[::1]/x",
        "postgresql+psycopg://u:p@/x",
        "postgresql+psycopg://u:p@/x?host=/run/postgresql",
    ],
)
def test_a_database_url_with_a_verified_certificate_or_on_this_machine_is_protected(url: str) -> None:
    assert is_database_protected(url)


@pytest.mark.rule("SEC-18")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:p@/x?host=/run/postgresql&host=db.internal",
        "postgresql+psycopg://u:p@/x?host=localhost:5432,db.internal:5432",
        "postgresql+psycopg://u:p@127.0.0.1/x?host=db.internal",
        "postgresql+psycopg://u:p@db.internal/x?sslmode=verify-ca",
        "postgresql+psycopg://u:p@db.internal/x?sslmode=verify-full&sslmode=disable",
        "postgresql+psycopg://u:p@127.0.0.1.evil.example/x",
    ],
)
def test_a_database_url_beyond_this_machine_without_a_verified_certificate_is_not(url: str) -> None:
    assert not is_database_protected(url)


@pytest.mark.rule("SEC-18")
@pytest.mark.parametrize(
    "url",
    [
        "unix:///run/redis.sock?db=0",
        "redis://user:secret@127.0.0.1:6379/0",
        "rediss://user:secret@redis.internal:6379/0",
        "rediss://redis.internal?ssl_cert_reqs=required&ssl_ca_certs=/ca.pem",
        "rediss+sentinel://user:secret@a.internal:26379,b.internal/events/0?ssl_ca_certs=/ca.pem",
    ],
)
def test_a_redis_url_with_a_verified_certificate_or_on_this_machine_is_protected(url: str) -> None:
    assert is_redis_protected(url)


@pytest.mark.rule("SEC-18")
@pytest.mark.parametrize(
    "url",
    [
        "redis://user:secret@redis.internal:6379/0",
        "redis+sentinel://user:secret@a.internal,b.internal/events/0",
        "redis+sentinel://127.0.0.1:26379/events/0",
        "rediss+sentinel://127.0.0.1,b.internal/events/0?ssl_cert_reqs=none",
        "rediss+sentinel://a.internal/events/0?ssl_check_hostname=no",
        "rediss://redis.internal?ssl_cert_reqs=none",
        "rediss://redis.internal?ssl_cert_reqs=optional",
        "rediss://redis.internal?ssl_check_hostname=False",
    ],
)
def test_a_redis_url_beyond_this_machine_without_a_verified_certificate_is_not(url: str) -> None:
    assert not is_redis_protected(url)
