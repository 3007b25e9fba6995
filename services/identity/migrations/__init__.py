"""Migrations of identity's tables: expand first, contract in a later release."""
