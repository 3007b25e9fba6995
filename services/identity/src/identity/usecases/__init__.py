"""One function for each intention. It owns its transaction and records its changes."""
