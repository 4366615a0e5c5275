"""The verbs `tongka simulate` and `tongka issuer`."""
