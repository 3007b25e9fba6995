"""The adapters for Redis, with their Lua scripts."""
