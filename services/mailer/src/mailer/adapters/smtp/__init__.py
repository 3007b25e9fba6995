"""The mail server: messages, connections and the circuit breaker."""
