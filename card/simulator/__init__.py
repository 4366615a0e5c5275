"""A virtual card, a test issuer, faults to inject, and ways to put the card on a reader."""
