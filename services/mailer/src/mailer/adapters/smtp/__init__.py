"""Sends mails by SMTP: messages, connections and the circuit breaker."""
