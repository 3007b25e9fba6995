"""The contract of identity's events: envelope, catalogue, sealed part, consumer."""
