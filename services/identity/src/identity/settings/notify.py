"""The settings of `identity notify`."""

from collections.abc import Iterator
from dataclasses import dataclass

from port_runtime.secret import Secret
from port_runtime.setting_parsers import HostPort, host_port
from port_runtime.settings import setting

from identity.settings.database import DatabaseSettings
from identity.settings.http import public_url, public_url_errors
from identity.settings.oidc import oidc_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings(DatabaseSettings):
    """The settings of `identity notify`, which does not need Redis."""

    public_url: str = public_url()
    oidc_keys: Secret | None = oidc_keys()
    metrics_bind: HostPort | None = setting(
        "IDENTITY_NOTIFY_METRICS_BIND",
        parse=host_port,
        default=None,
        doc="address (host:port) of the HTTP server of `identity notify` for metrics and health checks (`/metrics`, "
        "`/livez`, `/readyz`); never expose it to the outside",
    )

    def errors(self) -> Iterator[str]:
        yield from DatabaseSettings.errors(self)
        yield from public_url_errors(self.public_url, mode=self.mode)
