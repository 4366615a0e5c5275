"""The formats of what a terminal records and what a centre answers: pure data, defined here alone."""
