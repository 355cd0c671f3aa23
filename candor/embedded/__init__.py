"""Postgres, Redis and Candor's processes as children of one process: `make run` without docker."""
