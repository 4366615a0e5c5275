"""A model of the time that a tap takes on the air."""
