"""Perceived emotion from the voice: decode, voice activity, log-mel windows, one small network."""
