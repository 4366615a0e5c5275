"""Tests of the modes of a terminal."""
