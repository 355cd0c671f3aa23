"""The published comparison of face systems: `candor train face --report`."""

from functools import partial

from services.training.report import footnotes, results_of
from services.training.result_tables import markdown, tables

SUBJECT = "face"

results = partial(results_of, SUBJECT)

__all__ = ["SUBJECT", "footnotes", "markdown", "results", "tables"]
