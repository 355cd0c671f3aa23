"""Training and evaluation of the voice model. In no image."""
