"""Worker processes that the integration tests start."""
