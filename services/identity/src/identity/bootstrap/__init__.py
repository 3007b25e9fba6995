"""Builds the dependencies of every process: one module for the use cases' ports, one for the relay, without Flask."""
