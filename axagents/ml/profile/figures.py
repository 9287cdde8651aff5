"""Figures written for people: counts, shares, numbers of any size."""

import math


def write_count(count: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{count:,}"


def write_share(part: float, whole: float) -> str:
    """Write a share in percent; never 0 % for something, nor 100 % for less than all."""
    if whole <= 0:
        return "-"
    share = 100 * part / whole
    if part <= 0:
        return "0 %"
    if share < 0.1:
        return "<0.1 %"
    if part < whole and share > 99.9:
        return ">99.9 %"
    return f"{share:.0f} %" if share >= 10 or share == round(share) else f"{share:.1f} %"


def write_number(number: float | None) -> str:
    """Write a number in at most five digits and a sign, whole ones whole."""
    if number is None:
        return "-"
    size = abs(number)
    if size >= 1e7 or 0 < size < 1e-3:
        return f"{number:.3g}"
    if number == round(number):
        return f"{number:,.0f}"
    digits = max(0, 3 - math.floor(math.log10(size)))
    text = f"{number:,.{min(digits, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
