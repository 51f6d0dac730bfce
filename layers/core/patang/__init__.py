"""Patang: the domain, the services and the adapters of a private trading desk."""

__version__ = "0.1.0"

__all__ = ["__version__"]
