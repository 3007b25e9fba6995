"""The ports of the use cases, for the web processes and for the commands of operators."""

from collections.abc import Callable
from datetime import timedelta

from port_events.sealing import Sealer
from port_runtime.metrics import Instruments
from port_runtime.setting_parsers import PRODUCTION
from port_runtime.settings import ErrorCollector, SettingsError
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from identity.adapters.argon2 import Argon2Passwords, Cost
from identity.adapters.clock import SystemClock
from identity.adapters.consent_texts import SAMPLES, ConsentTextError, read_texts
from identity.adapters.jose.signer import JoseSigner
from identity.adapters.jose.verifier import JoseVerifier
from identity.adapters.link_and_cookie_tokens import SignedTokens
from identity.adapters.meters import HashMetrics, LoginMetrics, OAuthMetrics
from identity.adapters.randomness import SystemRandomness
from identity.adapters.sql.audit_log import AutocommitAuditLog
from identity.adapters.sql.authorization_code_redemption import SqlCodeRedemption
from identity.adapters.sql.counters import SqlCounters
from identity.adapters.sql.feed import SqlFeed
from identity.adapters.sql.principal_queries import SqlPrincipalQueries
from identity.adapters.sql.seen_proofs import SqlSeenProofs
from identity.adapters.sql.session_creation import SqlSessionCreation
from identity.adapters.sql.token_queries import SqlTokenQueries
from identity.adapters.sql.unit_of_work import SqlUnitOfWork
from identity.bootstrap.token_signer import token_signer
from identity.domain import rate_limits
from identity.domain.audit import Caller
from identity.domain.consent_texts import Texts
from identity.domain.password_policy import PasswordPolicy
from identity.domain.session import Lifetimes
from identity.settings.web import WebSettings
from identity.usecases.ports import Ports, Rules
from identity.usecases.ports.clock import Clock
from identity.usecases.ports.randomness import Randomness


def build_ports(  # noqa: PLR0913  # the arguments differ between processes
    settings: WebSettings,
    *,
    sessions: Callable[[], Session],
    autocommit: Engine,
    caller: Callable[[], Caller],
    instruments: Instruments,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    signs: bool = False,
) -> Ports:
    """Return the ports. Every statement of `autocommit` is its own transaction. Raises SettingsError.

    A process that `signs` requires IDENTITY_OIDC_KEYS. Commands that sign nothing save 30 ms by not reading these keys.
    """
    clock = clock or SystemClock()
    with ErrorCollector() as collector:
        with collector.step():
            signer = token_signer(settings.oidc_keys, clock) if signs else JoseSigner((), clock)
        with collector.step():
            rules = _rules(settings)
    tokens = SignedTokens(settings.secret_keys, clock)
    return Ports(
        transaction=lambda ports: SqlUnitOfWork(ports, sessions),
        queries=SqlPrincipalQueries(autocommit),
        token_queries=SqlTokenQueries(autocommit),
        code_redemption=SqlCodeRedemption(autocommit),
        feed=SqlFeed(autocommit),
        counters=SqlCounters(autocommit.connect, tokens),
        audit=AutocommitAuditLog(autocommit),
        session_creation=SqlSessionCreation(autocommit),
        caller=caller,
        clock=clock,
        randomness=randomness or SystemRandomness(),
        passwords=Argon2Passwords(
            Cost(
                memory_kib=settings.argon2_memory_kib,
                passes=settings.argon2_passes,
                lanes=settings.argon2_lanes,
            ),
            slots=settings.hash_slots,
            queue=settings.hash_queue,
            meter=HashMetrics(instruments),
        ),
        tokens=tokens,
        signer=signer,
        proofs=JoseVerifier(),
        seen_proofs=SqlSeenProofs(autocommit),
        sealer=Sealer(seal_keys=settings.seal_public_keys, sign_keys=settings.sign_private_keys.reveal()),
        meter=LoginMetrics(instruments),
        oauth_meter=OAuthMetrics(instruments),
        rules=rules,
    )


def _rules(settings: WebSettings) -> Rules:
    return Rules(
        public_url=settings.public_url,
        https_only=settings.mode == PRODUCTION,
        reviewed_kinds=settings.reviewed_kinds,  # type: ignore[arg-type]  # `choice` accepts only kinds
        tax_id_checksum=settings.tax_id_checksum,
        passwords=PasswordPolicy(settings.password_profile),  # type: ignore[arg-type]  # accepts only profiles
        consents=_texts(settings),
        sessions=Lifetimes(
            idle=timedelta(seconds=settings.session_idle),
            absolute=timedelta(seconds=settings.session_absolute),
        ),
        access_token_lifetime=timedelta(seconds=settings.oidc_access),
        jwt_lifetime=timedelta(seconds=settings.oidc_jwt),
        feed_retention=timedelta(seconds=settings.feed_kept),
        login_failures_by_client_address=rate_limits.login_failures_by_client_address(
            settings.login_failures_per_address
        ),
        registrations_by_client_address=rate_limits.registrations_by_client_address(
            settings.registrations_per_address
        ),
    )


def _texts(settings: WebSettings) -> Texts:
    try:
        texts = read_texts(settings.consent_dir or SAMPLES)
    except ConsentTextError as error:
        raise SettingsError([f"IDENTITY_CONSENT_DIR: {error}"]) from None
    if settings.mode == PRODUCTION and any(text.sample for text in texts.texts):
        raise SettingsError(["IDENTITY_CONSENT_DIR: sample texts are refused in production"])
    return texts
