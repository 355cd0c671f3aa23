"""Message and report schemas. This package imports nothing but pydantic and the standard library."""
