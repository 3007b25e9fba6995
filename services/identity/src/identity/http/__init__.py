"""Parse, call a use case, present; nothing else."""
