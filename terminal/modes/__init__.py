"""The modes of a terminal: what a gate, counter, day care, ticket office or inspector does with a tap."""
