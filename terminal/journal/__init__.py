"""The terminal's journal: append-only, chained by hash, signed at checkpoints, durable at each tap."""
