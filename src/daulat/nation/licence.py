"""Licences as the law is asked about them: an SPDX expression, or nothing that anybody knows."""

UNKNOWN = "unknown"


def recorded(licence: str | None) -> str:
    """The expression as SPDX writes it; `unknown` for what is none, for a word that nobody can look up permits nothing.

    `LicenseRef-...` is an expression too: a national act, or terms of their own. Source: SPDX 3.0, annex D.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(licence)) if licence else UNKNOWN
    except InvalidLicenseExpression:
        return UNKNOWN
