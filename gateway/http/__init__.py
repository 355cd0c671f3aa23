"""Speak HTTP: problems, identifiers, paging, idempotency, limits, layers around every request."""
