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
