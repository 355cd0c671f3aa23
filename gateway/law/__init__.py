"""Decide what the law of a jurisdiction allows, and keep consents."""
