"""Redis: the event stream, the ledger, the queue and what operators change in them."""
