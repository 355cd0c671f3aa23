"""The published comparison of text systems: `candor train text --report`."""

from functools import partial

from services.training.report import footnotes, results_of
from services.training.result_tables import markdown, tables

SUBJECT = "text"

results = partial(results_of, SUBJECT)

__all__ = ["SUBJECT", "footnotes", "markdown", "results", "tables"]
