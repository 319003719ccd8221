"""A judged run, told to a terminal, a pull request, a browser or another program."""
