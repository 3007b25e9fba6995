"""The environment variables of each process, and which values it refuses (OPS-5, SEC-14)."""
