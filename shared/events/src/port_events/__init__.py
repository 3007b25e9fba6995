"""Identity's events: envelope, catalogue, sealed part, consumer."""
