"""The demonstration: the whole desk on one machine."""
