"""The heart: no framework, no driver."""
