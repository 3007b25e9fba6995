"""The HTTP layer, which parses requests, calls use cases and presents their results."""
