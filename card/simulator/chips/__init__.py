"""Chips that are software: the reference applet, the PSAMs, foreign cards, and faults around them."""
