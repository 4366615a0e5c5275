"""Ways to a receipt printer; every wait is bounded, and none of them is on a tap's way."""
