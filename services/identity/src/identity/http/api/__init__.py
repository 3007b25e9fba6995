"""The JSON API under /api/v1: one module per resource, with its views and its request and response schemas."""
