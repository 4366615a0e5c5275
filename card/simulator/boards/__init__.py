"""Readers that are simulated, and the ways to put a chip on them: vpcd, a PN532, serial lines, in process."""
