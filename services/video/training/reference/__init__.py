"""The systems that Candor is compared with, rebuilt: measured on the same images, never served."""
