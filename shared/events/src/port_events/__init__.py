"""Identity's events: their envelope, catalogue and sealed part, and a consumer."""
