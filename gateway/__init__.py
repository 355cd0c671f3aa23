"""Candor's front door: the OpenAPI interface, the pages, and the delivery worker."""
