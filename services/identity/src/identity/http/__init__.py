"""The HTTP layer: parses requests, calls use cases and presents their results."""
