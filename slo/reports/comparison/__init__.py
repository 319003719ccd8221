"""Up to five judged runs side by side, the first of them the baseline of the others."""
