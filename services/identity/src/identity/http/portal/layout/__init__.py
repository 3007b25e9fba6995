"""What the portal's pages share: rendering, forms, CSRF tokens, redirects, cookies, assets, error pages."""
