"""Files to pictures in memory: told apart, held against bounds, decoded, turned upright. Workloads stand on it.

``sniffing``, ``bounds`` and ``sources`` load no engine; the rest does.
"""
