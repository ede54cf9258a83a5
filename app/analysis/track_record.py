"""How far a track record can be trusted."""

import math

_Z95 = 1.6448536269514722


def lower_bound(recovered: int, tried: int) -> float:
    """The one-sided 95 % lower bound of a success rate after `recovered` of `tried` (Wilson, JASA 1927); 0 without a try."""
    if tried <= 0:
        return 0.0
    share, z2 = recovered / tried, _Z95 * _Z95
    centre = share + z2 / (2 * tried)
    spread = _Z95 * math.sqrt(share * (1 - share) / tried + z2 / (4 * tried * tried))
    return max(0.0, (centre - spread) / (1 + z2 / tried))
