"""Show reports, comparisons and results on the terminal."""
