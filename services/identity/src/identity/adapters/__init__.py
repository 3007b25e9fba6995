"""The outside: database, Redis, hashing, signatures, the clock."""
