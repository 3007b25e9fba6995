"""The audit log: recording entries, chaining them with keyed hashes, verifying the chain."""
