"""The outside: Redis, templates, SMTP, the clock."""
