"""Measure what an analysis costs, against a limit timed in the same run (`python -m bench`)."""
