"""Know who calls: tenants, API keys, candidate tokens, candidates, and the audit log."""
