"""The recipe of the products' network: weights that others learned, made into the file that the service loads."""
