"""The rules in plain Python: permissions, valid values, limits and lifetimes."""
