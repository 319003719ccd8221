"""The service: one heart (`core`), independent arms, one hand that wires (`app`)."""
