"""Needs and ratings that holders leave at a terminal, and the answers that come back to their card."""
