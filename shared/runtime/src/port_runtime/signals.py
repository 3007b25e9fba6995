"""SIGTERM before a server handles it. The first process of a container ignores signals without a handler."""

import os
import signal


def end_on_sigterm() -> None:
    """End at once on SIGTERM, as any process does that is not the first of a container.

    Console scripts call this before they import the product, which takes a second. An exception would not do: one that
    is raised in a destructor or in a callback of the import system is lost.
    """
    signal.signal(signal.SIGTERM, end_now)


def end_now(number: int, _frame: object) -> None:
    """End by the signal; as the first process of a container, with the exit code that shells give for it."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def interrupt_on_sigterm() -> None:
    """Treat SIGTERM like Ctrl-C, in commands that run to an end, such as `identity migrate`.

    On an interrupt psycopg cancels the running statement, which the server would otherwise finish.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
