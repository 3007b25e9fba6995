"""The rules of the mailer in plain Python."""
