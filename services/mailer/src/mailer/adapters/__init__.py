"""Implementations of the use cases' ports: Redis, SMTP, templates, the clock."""
