"""Real servers for the tests, and what says which of them this machine lacks."""
