"""Uploads as they arrive: bytes in pieces of any size become the rows of a batch, in bounded memory."""
