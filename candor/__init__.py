"""Run Candor: the command line, one analysis without a server, and the embedded installation."""
