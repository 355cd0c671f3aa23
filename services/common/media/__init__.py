"""Say what a file is and open it: types by content, encodings, containers."""
