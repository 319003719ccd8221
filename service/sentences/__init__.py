"""Sentences to vectors in memory, for workloads that tell texts apart by what they mean."""
