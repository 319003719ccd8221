"""Locust scenarios: ``locust -f loadtests`` works, and so does ``loadstone load PLAN``."""
