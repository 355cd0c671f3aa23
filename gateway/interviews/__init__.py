"""Keep the question bank and interviews, and report on an interview as a whole."""
