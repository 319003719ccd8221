"""Doors to the outside: PostgreSQL, Redis or Valkey, and the embedded servers."""
