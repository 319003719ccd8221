"""Anybody's Locust file as the load of a duel: `_plugin.py` is named before it, ``locust -f _plugin.py,THEIRS``."""
