"""The implementations of the ports: database, Redis, hashing, signatures and clock."""
