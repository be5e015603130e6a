"""Licences as the law is asked about them: an SPDX expression, or nothing that anybody knows."""

import re
from collections.abc import Callable

UNKNOWN = "unknown"
_NOBODY_KNOWS = re.compile(r"LicenseRef-(?:scancode-)?(?:unknown|none|noassertion)\b", re.IGNORECASE)


def recorded(licence: str | None) -> str:
    """The expression as SPDX writes it; `unknown` for what is none, for a word that nobody can look up permits nothing.

    `LicenseRef-...` is an expression too: a national act, or terms of their own. Source: SPDX 3.0, annex D.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        found = str(canonicalize_license_expression(licence)) if licence else UNKNOWN
        return UNKNOWN if _NOBODY_KNOWS.search(found) else found
    except InvalidLicenseExpression:
        return UNKNOWN


_EXCLUDES = re.compile(
    r"(?:^|[-.])NC(?=$|[-.0-9])|^NCGL|no[nt]?[-.]?(?:for[-.])?commercial|research[-.]only|^Aladdin$|^NPOSL|academic",
    re.IGNORECASE,
)
_OWN_TERMS = re.compile(r"^(?:LicenseRef-|DocumentRef-|BUSL-|FSL-|PolyForm-|Elastic-)", re.IGNORECASE)
"""Terms that somebody has to read: their own, and those that allow some commercial uses and not others."""


def commercial_use(licence: str | None) -> str:
    """`excluded` where every choice that the expression leaves has a licence that is not for commercial use.

    `unknown` where a choice that is left rests on terms of their own (`LicenseRef-...`), or nobody knows the licence; else
    `allowed`.
    """
    expression = recorded(licence)
    if expression == UNKNOWN:
        return UNKNOWN
    words = _WORD.findall(expression)
    if _barred(list(words), lambda word: bool(_EXCLUDES.search(word))):
        return "excluded"
    return UNKNOWN if _barred(words, lambda word: bool(_EXCLUDES.search(word) or _OWN_TERMS.match(word))) else "allowed"


_WORD = re.compile(r"[()]|[^\s()]+")


def _barred(words: list[str], bars: Callable[[str], bool]) -> bool:
    """Of an expression that is valid: `AND` bars if either does, `OR` if both do, and binds less."""

    def choices() -> bool:
        found = parts()
        while words and words[0] == "OR":
            words.pop(0)
            found = parts() and found
        return found

    def parts() -> bool:
        found = one()
        while words and words[0] in ("AND", "WITH"):
            words.pop(0)
            found = one() or found
        return found

    def one() -> bool:
        word = words.pop(0)
        if word != "(":
            return bars(word)
        found = choices()
        words.pop(0)
        return found

    return choices()
