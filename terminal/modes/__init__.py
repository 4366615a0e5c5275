"""The modes of a terminal: what a counter, a ticket office, a gate or a day care does with a tap."""
