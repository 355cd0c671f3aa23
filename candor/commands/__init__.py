"""One module per subcommand of `candor`. Each translates, calls one function and returns."""
