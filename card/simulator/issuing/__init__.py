"""A test issuer, and the files in which its cards and PSAMs are kept."""
