"""Scripted faults of the SMTP server: refuse, hang, drop, or hold until released."""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Literal

Step = Literal["connect", "mail", "rcpt", "go_ahead", "data", "accepted"]
"""`go_ahead` is the command DATA, `data` the message before it is stored, `accepted` the reply to the message."""
Kind = Literal["refuse", "hang", "drop", "hold"]


@dataclass(slots=True)
class ScriptedFault:
    """A fault that occurs `times` more times (None: without limit), for one `address` or for all (None)."""

    kind: Kind
    step: Step
    address: str | None = None
    reply: str = ""
    times: int | None = None
    closes: bool = False
    """Close the connection after the reply."""


class Script:
    """The current faults, and how often each step was reached. Thread-safe."""

    def __init__(self) -> None:
        self._acts: list[ScriptedFault] = []
        self._lock = threading.Lock()
        self.reached: Counter[Step] = Counter()
        self.released = threading.Event()
        self.max_mails_per_connection: int | None = None

    def add(self, act: ScriptedFault) -> None:
        with self._lock:
            self._acts.append(act)

    def reset(self) -> None:
        with self._lock:
            self._acts.clear()
            self.max_mails_per_connection = None
            self.reached.clear()

    def take(self, step: Step, address: str | None = None) -> ScriptedFault | None:
        """Count this step; return the first fault that matches, if any, and count it down."""
        with self._lock:
            self.reached[step] += 1
            act = next((act for act in self._acts if _fits(act, step, address)), None)
            if act is not None and act.times is not None:
                act.times -= 1
            return act


def _fits(act: ScriptedFault, step: Step, address: str | None) -> bool:
    if act.step != step or act.times == 0:
        return False
    return act.address is None or (address is not None and act.address.casefold() == address.casefold())
