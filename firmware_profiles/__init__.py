"""What readers are, as data: typed, frozen profiles loaded from TOML."""
