"""The slot of a unit: a salted hash, so that a unit stays with its variant and deployments split independently."""

from hashlib import blake2b

SLOTS = 10_000
"""Shares are counted in hundredths of a percent."""


def slot_of(salt: str, unit: str) -> int:
    """Return the unit's slot, 0 to SLOTS - 1; the same each time, uniform over units, another for another salt."""
    hashed = blake2b(unit.encode(errors="surrogatepass"), digest_size=8, key=salt.encode()[:64]).digest()
    return int.from_bytes(hashed, "big") * SLOTS >> 64
