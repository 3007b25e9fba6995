"""One function an intention: each owns its transaction and announces what it changed."""
