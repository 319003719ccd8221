"""CPU and allocation profiles as values: captured, combined, compared, drawn."""
