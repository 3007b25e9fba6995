"""One function per use case: each owns its transaction and records an event for each change."""
