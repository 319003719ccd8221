"""A run: the recording end, the sending end, and what they say to one another."""
