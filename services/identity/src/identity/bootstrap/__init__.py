"""Builds the dependencies of each process and of the commands, without Flask."""
