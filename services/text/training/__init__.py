"""Training and evaluation of `text_traits`. In no image."""
