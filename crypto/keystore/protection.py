"""What production mode asks of a keystore."""

from crypto.errors import KeystoreUnprotected
from crypto.signer import Keystore


def require_protected(keystore: Keystore) -> None:
    """Raises KeystoreUnprotected where a stolen disk gives the keys away."""
    if not keystore.is_protected:
        raise KeystoreUnprotected
