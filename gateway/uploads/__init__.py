"""Receive media: multipart bodies, resumable uploads, and what a file really is."""
