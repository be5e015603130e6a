"""The main text of an HTML page, a paragraph a line: navigation, listings and scripts are left out."""

import re
from html import unescape
from typing import Any

from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.furniture import LINK, LINK_END, is_text, without_marks
from daulat.corpus.extract.reading import CELL, Reading, Unreadable

_BLOCK = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form"
    r"|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|title|tr|ul)\b)",
    re.IGNORECASE,
)
_MARK = "\f"
"""White space to HTML, so it may stand inside a table without being moved out of it."""
_NESTS = re.compile(
    r"<(/?)(?!(?:a|area|base|br|col|dd|dt|hr|img|input|li|link|meta|option|p|source|tbody|td|tfoot|th|thead|tr|wbr)\b)"
    r"[a-z][^<>]*?(/?)>",
    re.IGNORECASE,
)
MAX_DEPTH = 2_000
"""A deeper page is held: the parser's time grows with the square. Ours: 20,000 levels took a second, pages have 50."""
_NOT_TEXT = (
    "script, style, noscript, template, svg, math, nav, aside, form, button, select, iframe, object, head, "
    ".toc, .navheader, .navfooter, .docnav, .breadcrumb, .sidebar, .indexterm, "
    "#navigation, #title, #banner, [hidden], [role=navigation], [aria-hidden=true]"
)
_CODE = "pre, .screen, .programlisting"
_MAIN = ("main", "[role=main]", "#content", "#main")
_MAY_MARK = ("<main", "<article", "=main", "=content", '="main', '="content', "='main", "='content")
_FURNITURE = (
    "footer, dialog, [role=banner], [role=contentinfo], [class*=cookie], [id*=cookie], [class*=breadcrumb], "
    "[class*=pagination], [class*=sidebar], [id*=sidebar], [class*=navbar]"
)
"""Not text in a page without a marked main part."""


def read(data: bytes, main: str | None) -> Reading:
    """Paragraphs of the page's main text: the part that `main` (a CSS selector) names, or the one found.

    Raises: Unreadable for a page without that part, nested too deeply, or with no charset.
    """
    return read_text(decode(data), main)


def read_text(page_text: str, main: str | None) -> Reading:
    """The same of a page whose charset is known. A row of a table is one line: `cell | cell`."""
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    markup = _BLOCK.sub(_MARK + "<", page_text.replace(_MARK, " "))
    if "<" not in markup:
        raise Unreadable("not what its name says")
    if nesting(markup) > MAX_DEPTH:
        raise Unreadable("nested too deeply")
    try:
        found = LexborHTMLParser(markup).css_first(main) if main else _marked(markup)
    except (SelectolaxError, ValueError):
        raise Unreadable("`main` is not a CSS selector") from None
    whole = found is None and not main
    if whole:
        found = LexborHTMLParser(_with_marks(markup)).body
    if found is None:
        raise Unreadable("main text not found", worthless=True)
    for node in found.css(f"{_NOT_TEXT}, {_FURNITURE}" if whole else _NOT_TEXT):
        node.decompose()
    reading = Reading([])
    for node in found.css(_CODE):
        reading.leave_out("listing", without_marks(node.text(deep=True).replace(_MARK, "")))
        node.decompose()
    for row in found.css("tr"):
        _join_cells(row)
    lines = [line for line in (" ".join(line.split()) for line in found.text(deep=True).split(_MARK)) if line]
    if whole:
        lines = _text_only(lines, reading)
    reading.paragraphs = lines
    return reading


def _marked(markup: str) -> Any:
    """The part that the page marks as its main one, or its only article."""
    from selectolax.lexbor import LexborHTMLParser

    small = markup.lower()
    if not any(sign in small for sign in _MAY_MARK):
        return None
    page = LexborHTMLParser(markup)
    found = next((node for node in map(page.css_first, _MAIN) if node is not None), None)
    if found is not None:
        return found
    articles = page.css("article")
    return articles[0] if len(articles) == 1 else None


def _with_marks(markup: str) -> str:
    """The markup with a mark before and after each link."""
    bare = without_marks(markup)
    for tag in ("<a ", "<A "):
        bare = bare.replace(tag, LINK + tag)
    for tag in ("</a>", "</A>"):
        bare = bare.replace(tag, tag + LINK_END)
    return bare


def _text_only(lines: list[str], reading: Reading) -> list[str]:
    """The lines that are text; the others are counted."""
    kept = []
    for line, stays in zip(lines, is_text(lines), strict=True):
        bare = " ".join(without_marks(line).split())
        if bare and stays:
            kept.append(bare)
        elif bare:
            reading.leave_out("menus and the like", bare)
    return kept


def _join_cells(row: Any) -> None:
    """Put a table's row on one line; a row of a layout, with paragraphs or tables in its cells, stays as it is."""
    cells = [cell for cell in row.iter() if cell.tag in ("td", "th")]
    if len(cells) < 2 or row.css_first("table") is not None:
        return
    texts = []
    for cell in cells:
        lines = [line for line in cell.text(deep=True).split(_MARK) if line.strip()]
        if len(lines) > 1:
            return
        texts += lines
    for cell in cells[1:]:
        cell.decompose()
    cells[0].replace_with(_MARK + CELL.join(" ".join(text.split()) for text in texts) + _MARK)


def nesting(markup: str) -> int:
    """How deep elements stand in each other at most, or a little more; elements that close by themselves do not
    count."""
    if markup.count("<") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for tag in _NESTS.finditer(markup):
        if tag[1]:
            depth = max(0, depth - 1)
        elif not tag[2]:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def without_tags(text: str) -> str:
    """A message's text without its inline markup, entities resolved."""
    return unescape(re.sub(r"</?[A-Za-z][^<>]{0,300}>", "", text))
