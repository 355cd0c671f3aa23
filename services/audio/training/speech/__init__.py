"""How well speech is written down: word error rate, languages that are not English, and what it costs."""
