"""Events, and how they reach the tenant's own servers (https://www.standardwebhooks.com)."""
