"""The client: HTTP/1.1 under gevent, lean and bounded."""
