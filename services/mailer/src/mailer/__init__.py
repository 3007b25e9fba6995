"""The mailer: sends Chinese mails for the events of the identity service."""
