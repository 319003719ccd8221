"""What is asked for: plans, their stages, how they are listed, shown and drawn."""
