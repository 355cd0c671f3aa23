"""`python -m deploy.bench`: what an analysis costs, against a limit measured in the same run."""
