"""Why no CA may sign a key, and why Let's Encrypt rejects one."""

from common import letsencrypt
from common.keys import CURVES, MAX_RSA_BITS, properties, weakness

__all__ = ["CURVES", "MAX_RSA_BITS", "properties", "rejected", "weakness"]


def rejected(public_key: object) -> str | None:
    """Return why Let's Encrypt rejects a key that a CA may sign, or None."""
    return letsencrypt.key_reason(*properties(public_key))
