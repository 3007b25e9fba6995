"""Signals of the commands that run to an end, such as `identity migrate`."""

import signal


def interrupt_on_sigterm() -> None:
    """Treat SIGTERM like Ctrl-C: the first process of a container ignores signals without a handler.

    On an interrupt psycopg cancels the running statement, which the server would otherwise finish.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
