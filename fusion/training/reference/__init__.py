"""Experiments beside the served fusion, by name."""
