"""Perceived emotions, blinks and head pose from the face of a video answer."""
