"""The published comparison of voice systems: `candor train voice --report`."""

from functools import partial

from services.training.report import footnotes, results_of
from services.training.result_tables import markdown, tables

SUBJECT = "voice"

results = partial(results_of, SUBJECT)

__all__ = ["SUBJECT", "footnotes", "markdown", "results", "tables"]
