"""Recorded decisions, worked out again by another process."""
