"""Training and evaluation of the face models."""
