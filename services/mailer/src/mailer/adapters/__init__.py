"""Implementations of the ports, and the collectors of metrics."""
