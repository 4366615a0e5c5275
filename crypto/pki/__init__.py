"""X.509 with SM2: certificates, requests, revocation lists and chains (RFC 5280, GB/T 20518)."""
