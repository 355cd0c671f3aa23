"""The published comparison of ways to combine channels: `candor train fusion --report`."""

from functools import partial

from fusion.training.measure import SUBJECT
from services.training.report import footnotes, results_of
from services.training.result_tables import markdown, tables

results = partial(results_of, SUBJECT)

__all__ = ["SUBJECT", "footnotes", "markdown", "results", "tables"]
