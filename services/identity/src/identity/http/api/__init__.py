"""The JSON API under /api/v1: one module per resource, with its views and the schemas they read and return."""
