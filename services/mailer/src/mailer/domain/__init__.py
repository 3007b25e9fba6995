"""The rules in plain Python: which event causes which mail, what is safe to send, when to retry."""
