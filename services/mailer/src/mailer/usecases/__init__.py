"""Delivering a mail, and what operators do with the queue and its dead letters."""
