"""The rules of mailing in plain Python: which event is which mail, what is safe, when to try again."""
