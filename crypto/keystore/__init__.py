"""Where SM2 keys lie: files sealed by a TPM or a service's credential, and what other kinds are installed.

`directory.make_keystore` and `directory.open_keystore` are the ways in; docs/adr/0014 says why it is so.
"""
