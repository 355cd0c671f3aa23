"""Take in an answer, follow its analysis, and show, search and export the result."""
