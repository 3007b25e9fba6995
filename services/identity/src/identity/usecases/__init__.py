"""One function for each intention. It owns its transaction, and records changes as events and in the audit log."""
