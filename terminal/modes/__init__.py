"""How a terminal works from tap to tap: what a card that comes back gets, what it tells, how it inspects."""
