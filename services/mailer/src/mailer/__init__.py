"""The mailer: events of the identity service become Chinese mails."""
