"""Candor's analysis services: one package each for text, audio and video, and what they share."""
