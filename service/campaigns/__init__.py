"""Working off batches: how many rows to take, how many at a time, what to do when the world fails."""
