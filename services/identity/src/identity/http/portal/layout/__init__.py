"""Shared parts of the portal's pages: rendering, forms, assets, cookies and error pages."""
