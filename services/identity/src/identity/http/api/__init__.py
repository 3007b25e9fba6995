"""The JSON API under /api/v1: a module of views for each resource, schemas, and the loading of input."""
