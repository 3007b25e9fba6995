"""The rules in plain Python: who may, what counts as valid, how long things hold."""
