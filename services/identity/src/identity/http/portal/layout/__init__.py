"""What the portal's pages share: rendering, forms, assets, cookies and error pages."""
