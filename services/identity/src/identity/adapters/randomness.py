"""The system's source of randomness."""

import secrets
import uuid

from typing_extensions import override

from identity.usecases.ports.randomness import Randomness


class SystemRandomness(Randomness):
    @override
    def identifier(self) -> str:
        return str(uuid.uuid4())

    @override
    def token(self) -> str:
        return secrets.token_urlsafe(32)

    @override
    def digits(self, count: int) -> str:
        return "".join(secrets.choice("0123456789") for _ in range(count))
