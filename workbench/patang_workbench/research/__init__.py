"""Research on a desk: histories, runs and their files, and the work that is spread over many machines."""
