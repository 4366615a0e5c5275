"""Killing a terminal at random instants while cards are tapped, and looking at what it left."""
