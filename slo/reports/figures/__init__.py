"""What a run record says in figures: sums, the course over time, the distribution of latency."""
