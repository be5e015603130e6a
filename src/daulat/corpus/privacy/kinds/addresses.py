"""Addresses on the network: e-mail, credentials in a URL, IPv4 and IPv6."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator

from daulat.corpus.privacy.kinds.shape import CONTEXT_CHARACTERS, words

_LATIN_LOCAL = re.compile("[0-9A-Za-z\u00c0-\u024f\u1e00-\u1eff][0-9A-Za-z\u00c0-\u024f\u1e00-\u1eff._%+'\\-]{0,63}$")
_ANY_LOCAL = re.compile(r"\w[\w\u0e31-\u0e4e\u0eb1-\u0ecd.%+-]{0,63}$")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![A-Za-z0-9])")
_ANY_DOMAIN = re.compile(r"(?:[\w\u0e31-\u0e4e-]{1,63}\.)+[^\W\d_][\w\u0e31-\u0e4e]{1,23}")
_HIDDEN_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.| ?[\[({] ?(?:dot|titik) ?[\])}] ?))+[A-Za-z]{2,24}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_HIDDEN_DOT = re.compile(r" ?[\[({] ?(?:dot|titik) ?[\])}] ?", re.IGNORECASE)
_OPENING, _CLOSING = re.compile(r" ?[\[({] ?$"), re.compile(r" ?[\])}] ?")
_USER = re.compile(r"[a-z][a-z0-9+.-]{1,15}://([^\s/@:\"']{1,64}(:[^\s/@\"']{1,128})?)$")
_STAND_IN = re.compile(r"[\[\]{}<>$%]")
"""What a manual writes where a user or a password would stand."""
_HTTP_VERSION = words(r"version|versi|phiên bản|รุ่น|เวอร์ชัน|版本")
_ROLES = re.compile(
    r"(?:info|admin|administrator|contact|kontak|support|help|helpdesk|webmaster|postmaster|abuse|security|sales|office"
    r"|hr|noreply|no-reply|newsletter|press|media|humas|saraban|pr|service|services|team|git|bugs?|mail|hello|feedback"
    r"|enquir(?:y|ies)|inquir(?:y|ies)|lienhe|hotro|pengaduan|layanan)(?:[._+-].*)?@"
)
"""Addresses of an office: they are redacted, and count for nobody."""
_WINDOW, _LONGEST_LOCAL = 320, 64

IPV4 = re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?[0-9])")
_IP_WORDS = words(r"\bip\b|ipv4|\bping\b")
_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")


def at_sign(text: bytes, start: int, end: int) -> tuple[int, int, str, str, bool] | None:
    """The e-mail address or the credentials around an at sign, or around `[at]`: first byte, byte after the last,
    kind, normal form, whether it is one person's."""
    left = text[max(0, start - _WINDOW) : start].decode("utf-8", "ignore")
    right = text[end : end + _WINDOW].decode("utf-8", "ignore")
    before, skip, hidden = left, 0, end - start > 1
    if hidden:
        before, skip = left.rstrip(" "), len(right) - len(right.lstrip(" "))
    elif "://" in left and (user := _USER.search(left, max(0, left.rindex("://") - 16))):
        if not user[2] or _STAND_IN.search(user[1]):
            return None
        return start - len(user[1].encode()), start, "url_credentials", user[1], True
    elif (opening := _OPENING.search(left)) and (closing := _CLOSING.match(right)):
        before, skip, hidden = left[: opening.start()], closing.end(), True
    domain = (_HIDDEN_DOMAIN if hidden else _DOMAIN).match(right, skip) or _ANY_DOMAIN.match(right, skip)
    if domain is None:
        return None
    near = max(0, len(before) - _LONGEST_LOCAL)
    local = _LATIN_LOCAL.search(before, near) or _ANY_LOCAL.search(before, near)
    if local is None:
        return None
    written = f"{local[0]}@{_HIDDEN_DOT.sub('.', domain[0])}"
    normal = unicodedata.normalize("NFKC", written).casefold()
    first, last = start - len(left[local.start() :].encode()), end + len(right[: domain.end()].encode())
    return first, last, "email", normal, _ROLES.match(normal) is None


def ipv6(written: str) -> bool:
    """An address that can name somebody's machine: global unicast, documentation left out."""
    try:
        address = ipaddress.IPv6Address(written)
    except ValueError:
        return False
    return address in _GLOBAL_IPV6 and address.is_global


def ipv4s(run: str, before: str) -> Iterator[re.Match[str]]:
    """Addresses that can name somebody's machine; private, documentation, multicast and loopback ones name nobody.

    `6.2.4.1` is a section or a version unless a word before it says otherwise: addresses have an octet of three digits.
    """
    for match in IPV4.finditer(run) if run.count(".") >= 3 else ():
        try:
            address = ipaddress.IPv4Address(match[0])
        except ValueError:
            continue
        if not address.is_global or address.is_multicast:
            continue
        near = (before + run[: match.start()])[-CONTEXT_CHARACTERS:].rpartition("\n")[2]
        large = max(map(len, match[0].split("."))) > 2
        if (large and not _HTTP_VERSION.search(near)) or _IP_WORDS.search(near):
            yield match
