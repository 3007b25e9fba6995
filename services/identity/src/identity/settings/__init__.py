"""The environment variables of each process, and the values that it refuses (OPS-5, SEC-14)."""
