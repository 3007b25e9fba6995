"""Accounts, bindings and sessions of Taiwan's port passes."""
