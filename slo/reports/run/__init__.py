"""The report on one judged run, in every form."""
