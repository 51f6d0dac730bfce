"""Charges, expected profit, sizing, and the gates before every entry."""
