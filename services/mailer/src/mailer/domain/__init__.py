"""The rules in plain Python: the mail of each event, checks of content, and backoff."""
