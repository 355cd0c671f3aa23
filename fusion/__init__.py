"""The fusion worker: combines the channels of one answer, ranks it and stores the report."""
