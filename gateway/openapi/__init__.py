"""Describe the interface as an OpenAPI document."""
