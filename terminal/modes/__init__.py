"""The modes of a terminal: what a gate, a counter, a day care, a ticket office or an inspector does with a tap."""
