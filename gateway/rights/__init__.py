"""Give people what is theirs by right: retention, erasure, receipts, access, impact ratios."""
