"""The broker by its official client, without the half of it that streams."""
