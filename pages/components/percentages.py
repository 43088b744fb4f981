"""How shares, probabilities and their differences are written: the same way on every page."""

_LEAST_SHARE, _LEAST_PROBABILITY = 0.0001, 0.001


def percent(share: float) -> str:
    """A measured share, 0 to 1, with two decimals: "99.66%"; "0%" and "100%" are exact."""
    return _between(share, _LEAST_SHARE, ".2%")


def probability(value: float) -> str:
    """A model's probability, 0 to 1, with one decimal: "97.3%", "< 0.1%", "> 99.9%"; no model is certain."""
    return _between(min(max(value, 1e-9), 1 - 1e-9), _LEAST_PROBABILITY, ".1%")


def points(difference: float) -> str:
    """A difference of two shares, -1 to 1: "+0.12 points" (percentage points), "−0.12 points"."""
    return f"{100 * difference:+.2f} points".replace("-", "−")


def _between(share: float, least: float, form: str) -> str:
    if share in (0, 1):
        return f"{share:.0%}"
    if 0 < share < least:
        return f"< {least:{form}}"
    if 1 - least < share < 1:
        return f"> {1 - least:{form}}"
    return f"{share:{form}}"
