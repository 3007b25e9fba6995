"""The liveness of a loop, which /livez of a background process reports (OPS-4)."""

from __future__ import annotations

import time


class Liveness:
    """Detects a loop that is stuck: the loop calls `beat` in each round."""

    def __init__(self, max_silence_seconds: float) -> None:
        """Set the maximum time between beats, which must exceed every wait of the loop."""
        self._max_silence_seconds = max_silence_seconds
        self._last_beat_at = time.monotonic()

    def beat(self) -> None:
        self._last_beat_at = time.monotonic()

    def is_alive(self) -> bool:
        return time.monotonic() - self._last_beat_at <= self._max_silence_seconds
