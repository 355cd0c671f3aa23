"""Hand out work and follow it: the ledger, messages, the runtime of a worker, and what remains of a task."""
