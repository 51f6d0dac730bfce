"""What a model must show before it may decide about money."""
