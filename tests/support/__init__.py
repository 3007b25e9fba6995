"""Shared parts of the tests: the system, its servers, its users, the browser."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The root of the repository."""
