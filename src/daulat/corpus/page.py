"""What a person sees of a corpus: one page of plots, each with its numbers beneath, and nothing from outside."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from daulat.corpus import plots
from daulat.corpus.overview import LENGTHS, Left, Overview
from daulat.corpus.plots import Bar, Fall, Part
from daulat.paper import beginning, language_name, paper, text_block
from daulat.records import Digest, Tally

MOST_BARS = 12
"""More paragraphs' reasons than this stand in the table only. Ours."""
SAMPLE_CHARACTERS = 220
"""Of a document that was left out: enough to see why. Ours."""
_STYLE = (
    plots.STYLE
    + """
:root{--heldout:#a98a3a}@media screen and (prefers-color-scheme:dark){:root{--heldout:#e3cf8a}}
.wide{overflow-x:auto;margin:.4rem 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.32rem .6rem .32rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}thead th{color:var(--soft);font-weight:500}tbody th{font-weight:400}
.n{text-align:right;font-variant-numeric:tabular-nums;padding-left:.6rem;padding-right:0;white-space:nowrap}
.sample{border-left:3px solid var(--line);padding-left:.8rem;margin:1rem 0}
.sample h3{margin:0 0 .2rem}.sample .text{font-size:.97rem}
@media print{.wide{overflow:visible}section{break-inside:auto}}
"""
)


def page(found: Overview, digest: Digest) -> str:
    """The whole page, in English: the same bytes for the same corpus."""
    sources = _sources(found.tallies)
    taken, kept = sum(own[0].taken for own in sources.values()), sum(own[-1].kept for own in sources.values())
    dropped, held = (sum(left.documents for left in found.left if left.outcome == what) for what in ("dropped", "held"))
    body = f"""<header><h1>What became of {taken:,} documents</h1>
<p>{kept:,} are in the corpus, {dropped:,} were dropped, and {held:,} are held until a person decides: together
{kept + dropped + held:,}. Every document is counted, and none of the text below has the identifiers that were found in
it.</p></header>
{plots.PATTERNS}
<main>
{_by_source(sources, found.left)}
{_flows(sources)}
{_sizes(found)}
{_lengths(found)}
{_paragraphs(found)}
{_identifiers(found)}
{_reasons(found)}
</main>
<footer><p class="soft">Corpus <code>{escape(digest)}</code>. Made by <code>daulat corpus page</code> from the corpus alone:
the same bytes for the same corpus.</p></footer>"""
    return paper(f"Corpus {digest.removeprefix('sha256:')[:12]}", body, _STYLE)


def _sources(tallies: Iterable[Tally]) -> dict[str, list[Tally]]:
    """Each source's tallies, in the order of the stages."""
    found: dict[str, list[Tally]] = {}
    for tally in tallies:
        found.setdefault(tally.source, []).append(tally)
    return found


def _by_source(sources: dict[str, list[Tally]], left: Sequence[Left]) -> str:
    rows, cells = [], []
    for name, own in sources.items():
        taken, kept = own[0].taken, own[-1].kept
        dropped, held = (sum(sum(getattr(t, what).values()) for t in own) for what in ("dropped", "held"))
        shares = (("kept", kept), ("dropped", dropped), ("held", held))
        parts = tuple(Part(look, n / max(1, taken), f"{name}: {n:,} {look}") for look, n in shares)
        rows.append(Bar(name, f"{kept:,} of {taken:,}", parts))
        cells.append((name, taken, kept, dropped, held, _percent(kept, taken)))
    taken, kept = (sum(int(row[column]) for row in cells) for column in (1, 2))
    most = f"; what most were left out for: {left[0].reason}" if left else ""
    title = f"{_percent(kept, taken)} of the documents were kept{most}"
    plot = plots.bars("sources", title, "A bar a source: the shares kept, dropped and held.", rows)
    legend = plots.key((("kept", "kept"), ("dropped", "dropped"), ("held", "held")))
    table = _table("Documents by source", ("source", "came in", "kept", "dropped", "held", "share kept"), cells)
    return _section(title, legend + plot + table)


def _flows(sources: dict[str, list[Tally]]) -> str:
    together = {"all sources": _together(sources), **sources} if len(sources) > 1 else sources
    parts = []
    for number, (name, own) in enumerate(together.items()):
        falls = [Fall(tally.stage, tally.taken, _exits(tally)) for tally in own]
        worst = max(falls, key=lambda fall: fall.taken - fall.kept)
        lost = worst.taken - worst.kept
        title = (
            f"{name}: most left at {worst.stage}, {lost:,} of {worst.taken:,}"
            if lost
            else f"{name}: every document was kept"
        )
        described = f"From {own[0].taken:,} documents at the top to {own[-1].kept:,} in the corpus, with what left at each stage."
        plot = plots.flow(f"flow{number}", title, described, falls, "in the corpus")
        rows: list[tuple[str | int, ...]] = [(own[0].stage, "came in", own[0].taken)]
        rows += [(fall.stage, f"{look}: {reason}", -n) for fall in falls for look, reason, n in fall.left]
        rows.append((own[-1].stage, "in the corpus", own[-1].kept))
        idle = [tally.stage for tally in own if tally.taken == tally.kept]
        also = f'<p class="soft">Every document went on at: {escape(", ".join(idle))}.</p>' if idle else ""
        table = _table(f"Documents of {name} by stage", ("stage", "what", "documents"), rows)
        parts.append(f"<h3>{escape(title)}</h3>{plot}{also}{table}")
    return _section("How the documents went through the stages", "".join(parts))


def _together(sources: dict[str, list[Tally]]) -> list[Tally]:
    """The same stages over all sources."""
    found: dict[str, Tally] = {}
    for tally in (tally for own in sources.values() for tally in own):
        so_far = found.get(tally.stage, Tally(tally.stage, "", 0, 0))
        found[tally.stage] = Tally(
            stage=tally.stage,
            source="",
            taken=so_far.taken + tally.taken,
            kept=so_far.kept + tally.kept,
            dropped=dict(Counter(so_far.dropped) + Counter(tally.dropped)),
            held=dict(Counter(so_far.held) + Counter(tally.held)),
            kept_utf8_bytes=so_far.kept_utf8_bytes + tally.kept_utf8_bytes,
        )
    return list(found.values())


def _exits(tally: Tally) -> tuple[tuple[str, str, int], ...]:
    """What left, dropped before held, the most frequent first."""
    pairs = [(look, reason, n) for look in ("dropped", "held") for reason, n in getattr(tally, look).items()]
    return tuple(sorted(pairs, key=lambda pair: (pair[0], -pair[2], pair[1])))


def _sizes(found: Overview) -> str:
    sizes = sorted(found.languages, key=lambda size: (-size.train_utf8_bytes, size.language))
    total = sum(size.train_utf8_bytes + size.heldout_utf8_bytes for size in sizes)
    most = max((size.train_utf8_bytes + size.heldout_utf8_bytes for size in sizes), default=1)
    rows, cells = [], []
    for size in sizes:
        name, train, heldout = language_name(size.language), size.train_utf8_bytes, size.heldout_utf8_bytes
        looks = (("kept", train, "to train on"), ("heldout", heldout, "held out"))
        parts = tuple(Part(look, n / most, f"{name}: {_size(n)} {words}") for look, n, words in looks)
        rows.append(Bar(name, f"{_size(train)} + {_size(heldout)}", parts))
        cells.append((name, size.train_documents, _size(train), size.heldout_documents, _size(heldout)))
    first = sizes[0]
    title = f"{language_name(first.language)} has {_size(first.train_utf8_bytes)} to train on"
    title += f", of {_size(total)} in {len(sizes)} languages" if len(sizes) > 1 else ""
    plot = plots.bars("sizes", title, "A bar a language: bytes of training text, then of held-out text.", rows)
    legend = plots.key((("kept", "to train on"), ("heldout", "held out, to measure with")))
    header = ("language", "train documents", "train text", "held-out documents", "held-out text")
    return _section(title, legend + plot + _table("Text by language", header, cells))


def _lengths(found: Overview) -> str:
    edges = [f"{edge // 1000}k" if edge >= 1000 else str(edge) for edge in LENGTHS]
    parts = []
    for one in found.lengths:
        title = f"Half of the {language_name(one.language)} documents have fewer than {one.median:,} characters"
        described = f"How many documents have how many characters; the highest column has {max(one.counts):,}."
        name = f"lengths-{one.language}"
        parts.append(f"<h3>{escape(title)}</h3>{plots.histogram(name, title, described, one.counts, edges)}")
    names = [language_name(one.language) for one in found.lengths]
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    spans = [f"under {edges[0]}", *between, f"{edges[-1]} or more"]
    rows: list[list[str | int]] = [
        [span, *(one.counts[column] for one in found.lengths)] for column, span in enumerate(spans)
    ]
    table = _table("Documents by length", ("characters", *names), rows)
    return _section("How long the kept documents are", "".join(parts) + table)


def _paragraphs(found: Overview) -> str:
    """Paragraphs that were taken out of documents which were kept: those in another language, and the others."""
    of = {(tally.stage, tally.source): tally.kept_utf8_bytes for tally in found.tallies}
    shares = [
        (one, one.utf8_bytes / max(1, one.utf8_bytes + of.get((one.stage, one.source), 0))) for one in found.removed
    ]
    if not shares:
        return _section("No paragraph was left out of a document that was kept", "")
    shares.sort(key=lambda pair: (pair[0].stage != "identify", -pair[1], pair[0].source, pair[0].reason))
    other = sum(one.utf8_bytes for one, _ in shares if one.stage == "identify")
    most = max(share for _, share in shares)
    rows, cells = [], []
    for one, share in shares:
        what = _said(one.reason)
        rows.append(
            Bar(f"{one.source}: {what}", _share(share), (Part("dropped", share / most, f"{_size(one.utf8_bytes)}"),))
        )
        cells.append((one.source, one.stage, what, one.paragraphs, _size(one.utf8_bytes), _share(share)))
    title = f"{_size(other)} of paragraphs in another language were left out of documents that were kept"
    described = "A bar a source and reason, those in another language first: share of the text that the stage saw."
    plot = plots.bars("paragraphs", title, described, rows[:MOST_BARS])
    plot += f'<p class="soft">{len(rows) - MOST_BARS} more are in the table.</p>' if len(rows) > MOST_BARS else ""
    header = ("source", "stage", "why", "paragraphs", "text", "share")
    return _section(title, plot + _table("Paragraphs left out", header, cells))


def _said(reason: str) -> str:
    """`in en` with the language's name."""
    start, _, code = reason.rpartition(" ")
    return (
        f"in {language_name(code)}"
        if start == "in" and len(code) in (2, 3) and code != "zxx"
        else reason.replace("in zxx", "no language")
    )


def _identifiers(found: Overview) -> str:
    if not found.identifiers:
        return _section("No identifier of a person was found", "")
    most = max(distinct for distinct, _ in found.identifiers.values())
    rows = [Bar(f"<{kind.upper()}>", f"{distinct:,}", (Part("kept", distinct / most, f"in {documents:,} documents"),))
            for kind, (distinct, documents) in found.identifiers.items()]  # fmt: skip
    cells = [(f"<{kind.upper()}>", distinct, places) for kind, (distinct, places) in found.identifiers.items()]
    total = sum(distinct for distinct, _ in found.identifiers.values())
    kind, (first, _) = next(iter(found.identifiers.items()))
    title = f"{total:,} identifiers of persons or machines were found; {first:,} are of the kind <{kind.upper()}>"
    plot = plots.bars("identifiers", title, "A bar a kind: distinct identifiers.", rows)
    table = _table("Identifiers by kind", ("kind", "distinct", "documents"), cells)
    return _section(title, plot + table)


def _reasons(found: Overview) -> str:
    if not found.left:
        return _section("No document was left out", "")
    most = found.left[0].documents
    rows = [
        Bar(
            one.reason,
            f"{one.documents:,}",
            (Part(one.outcome, one.documents / most, f"{one.outcome} by {one.stage}"),),
        )
        for one in found.left
    ]
    title = f"Most were left out for: {found.left[0].reason}, {most:,} documents"
    plot = plots.bars("reasons", title, "A bar a reason: documents that were left out for it.", rows)
    cells = [(one.reason, one.stage, one.outcome, one.documents) for one in found.left]
    table = _table("Documents by reason", ("reason", "stage", "outcome", "documents"), cells)
    legend = plots.key((("dropped", "dropped"), ("held", "held")))
    samples = "".join(_sample(one, found) for one in found.left)
    return _section(title, f"{legend}{plot}{table}<h3>One of each</h3>{samples}")


def _sample(one: Left, found: Overview) -> str:
    shown = beginning(one.text, SAMPLE_CHARACTERS)
    more = " …" if len(shown) < len(one.text) else ""
    text = text_block(shown + more, found.source_languages.get(one.source))
    where = f" <small>from {escape(one.source)}</small>" if one.source else ""
    unread = '<p class="soft">Not read, so there is no text to show.</p>'
    return f'<div class="sample"><h3>{escape(one.reason)}{where}</h3>{text if one.text else unread}</div>'


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table that scrolls by itself where it is wider than the screen; what is a number stands to the right."""
    lines = [list(row) for row in rows]
    right = [bool(lines) and all(_is_number(line[i]) for line in lines) for i in range(len(header))]
    right[0] = False
    look = [' class="n"' if one else "" for one in right]
    head = "".join(f'<th scope="col"{how}>{escape(words)}</th>' for how, words in zip(look, header, strict=True))
    body = "".join(
        f'<tr><th scope="row">{_cell(line[0])}</th>'
        + "".join(f"<td{how}>{_cell(cell)}</td>" for how, cell in zip(look[1:], line[1:], strict=True))
        + "</tr>"
        for line in lines
    )
    label = escape(caption)
    return (
        f'<div class="wide" role="region" aria-label="{label}" tabindex="0"><table aria-label="{label}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _is_number(value: str | int) -> bool:
    return isinstance(value, int) or value[:1].isdigit()


def _cell(value: str | int) -> str:
    return escape(f"{value:,}".replace("-", "−") if isinstance(value, int) else value)


def _percent(part: int, whole: int) -> str:
    return f"{part / max(1, whole):.0%}"


def _share(share: float) -> str:
    return f"{share:.2%}" if share >= 0.0001 else "0.01% or less"


def _size(utf8_bytes: float) -> str:
    """Bytes as a person reads them (decimal units)."""
    for unit in ("B", "kB", "MB"):
        if utf8_bytes < 1000:
            return f"{utf8_bytes:.0f} B" if unit == "B" else f"{utf8_bytes:.1f} {unit}"
        utf8_bytes /= 1000
    return f"{utf8_bytes:.2f} GB"
