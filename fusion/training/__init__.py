"""Learning how voice and face are combined, from RAVDESS voices and the action units of the same clips."""
