"""Redis: the event stream, the ledger, the queue, the dead letters and the pause."""
