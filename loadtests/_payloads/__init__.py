"""What payloads are made of: the corpus, how often it repeats itself, how large requests are."""
