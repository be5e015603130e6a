"""Licences as the law is asked about them: an SPDX expression, or nothing that anybody knows."""

import re

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


_EXCLUDES = re.compile(r"(?:^|-)NC(?:-|$)|non-?commercial", re.IGNORECASE)


def commercial_use(licence: str | None) -> str:
    """`excluded` where every choice that the expression leaves has a licence that is not for commercial use.

    Else `allowed`; `unknown` where nobody knows the licence. Terms of their own (`LicenseRef-...`) are as their name says,
    for a person has read and accepted them.
    """
    expression = recorded(licence)
    if expression == UNKNOWN:
        return UNKNOWN
    return "excluded" if _excluded(_WORD.findall(expression)) else "allowed"


_WORD = re.compile(r"[()]|[^\s()]+")


def _excluded(words: list[str]) -> bool:
    """Of an expression that is valid: `AND` excludes if either does, `OR` if both do, and binds less."""

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
            return bool(_EXCLUDES.search(word))
        found = choices()
        words.pop(0)
        return found

    return choices()
