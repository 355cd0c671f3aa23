"""The text systems of the reference, rebuilt: measured, never served."""
