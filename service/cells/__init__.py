"""Work in processes of their own, which it may end without ending anything else."""
