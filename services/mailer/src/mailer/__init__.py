"""The mailer sends Chinese mails for events of the identity service."""
