"""Parses requests, calls use cases and presents their results; nothing else."""
