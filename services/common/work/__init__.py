"""Sending, running and following analyses: ledger, messages, runtime of a worker, results of faults."""
