"""Shared code of all processes: settings, secrets, logs, traces, metrics and health checks."""
