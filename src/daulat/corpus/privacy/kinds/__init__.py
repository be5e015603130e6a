"""Every kind of identifier, a file a country; which of them a run of so many digits can be."""

from daulat.corpus.privacy.kinds import anywhere, indonesia, malaysia, philippines, singapore, thailand, vietnam
from daulat.corpus.privacy.kinds.shape import Identifier

IDENTIFIERS: tuple[Identifier, ...] = (
    *thailand.KINDS,
    *indonesia.KINDS[:1],
    *singapore.KINDS,
    *malaysia.KINDS,
    *indonesia.KINDS[1:],
    *vietnam.KINDS,
    *philippines.KINDS,
    *anywhere.KINDS,
)
"""In the order in which they claim a number where nothing else decides."""
_LONGEST = max(most for _, most in (one.digits for one in IDENTIFIERS))
_WITHIN = tuple(tuple(one for one in IDENTIFIERS if one.digits[0] <= count) for count in range(_LONGEST + 1))
_EXACTLY = tuple(tuple(one for one in _WITHIN[count] if count <= one.digits[1]) for count in range(_LONGEST + 1))


def candidates(digits: int, *, divided: bool) -> tuple[Identifier, ...]:
    """What a run of so many digits can be or, where it is divided by separators, have in it."""
    if divided:
        return _WITHIN[min(digits, _LONGEST)]
    return _EXACTLY[digits] if digits <= _LONGEST else ()
