"""An installation whose OpenID Connect keys can be replaced."""

from datetime import UTC, datetime

from identity.adapters.jose.signing_keys import new_signing_keys
from typing_extensions import override

from tests.support.harness.installation import Installation
from tests.support.harness.processes import Program


class RunningIdentity(Installation):
    _programs: dict[str, Program]

    @override
    def start(self, *parts: str, **settings: str) -> list[Program]:
        programs = super().start(*parts, **settings)
        self._programs = {**getattr(self, "_programs", {}), **dict(zip(parts, programs, strict=True))}
        return programs

    def rotate_keys(self) -> None:
        """Give web and notify new keys, which sign as soon as both have restarted. The former keys are still published.

        In contrast, the keys of `identity keys rotate oidc` sign after an hour, so that services can fetch them first.
        """
        former = self.environment["IDENTITY_OIDC_KEYS"]
        self.environment["IDENTITY_OIDC_KEYS"] = new_signing_keys(datetime.now(UTC), former=former)
        for part in ("web", "notify"):
            self._programs[part].destroy()
        self.start("web", "notify")
