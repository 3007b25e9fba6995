"""Delivery of mails, and operations on the queue and its dead letters."""
