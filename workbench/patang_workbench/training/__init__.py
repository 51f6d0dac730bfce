"""Training the demonstration models on the synthetic market."""
