"""Perceived emotions of a voice: decoding, voice activity, log-mel windows and a small network."""
