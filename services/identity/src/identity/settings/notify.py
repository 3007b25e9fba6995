"""The settings of `identity notify`."""

from collections.abc import Iterator
from dataclasses import dataclass

from port_runtime.secret import Secret
from port_runtime.setting_parsers import HostPort

from identity.settings.database import DatabaseSettings, metrics_bind
from identity.settings.http import public_url, public_url_errors
from identity.settings.oidc import oidc_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings(DatabaseSettings):
    """The settings of `identity notify`, which does not need Redis."""

    public_url: str = public_url()
    oidc_keys: Secret | None = oidc_keys()
    metrics_bind: HostPort | None = metrics_bind("IDENTITY_NOTIFY_METRICS_BIND", of="`identity notify`")

    def errors(self) -> Iterator[str]:
        yield from DatabaseSettings.errors(self)
        yield from public_url_errors(self.public_url, mode=self.mode)
