"""Running Candor: the command line, the embedded run and the images."""
