"""Show the norms of cohorts, and whether they drift."""
