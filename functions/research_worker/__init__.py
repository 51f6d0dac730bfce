"""The worker of distributed research: a container image, for kernels and training fit into no layer."""
