"""Words: typed text, TXT and PDF to Big Five traits."""
