"""The signing card's other side: what the issuer and the centre do with a chip that holds their SM2 keys."""
