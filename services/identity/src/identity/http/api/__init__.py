"""The JSON API under /api/v1: one module a noun, its views with the schemas they read and return."""
