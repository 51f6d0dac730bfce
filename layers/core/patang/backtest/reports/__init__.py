"""Runs of research as pages that need nothing else to be read: a model in, HTML out."""
