"""Handlers of SIGTERM. Without a handler, the first process of a container would ignore the signal."""

import os
import signal


def end_on_sigterm() -> None:
    """End at once on SIGTERM, as is the default for all processes but the first of a container.

    Console scripts call this before they import the product, which takes a second. The handler does not raise an
    exception, which would be lost in a destructor or in a callback of the import system.
    """
    signal.signal(signal.SIGTERM, end_now)


def end_now(number: int, _frame: object) -> None:
    """End by the signal, or, where that has no effect, with the exit code that shells use for it.

    The first process of a container cannot end by a signal.
    """
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def interrupt_on_sigterm() -> None:
    """Treat SIGTERM like Ctrl-C, for commands such as `identity migrate`.

    On an interrupt, psycopg cancels the running statement, which the server would otherwise finish.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
