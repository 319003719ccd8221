"""What each duty of the service adds to a request, measured in process; ``python -m service duties`` tells it."""
