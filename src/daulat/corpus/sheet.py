"""A review sheet: one page of documents without verdicts, to be answered on a screen or on paper, by people without a network."""

from html import escape
from pathlib import Path

from daulat.corpus.review import CODES, FORM, NOTE_CHARACTERS, Sample
from daulat.paper import beginning, language_name, paper, text_block
from daulat.records import Digest, Language

SHOWN, MOST = 1_200, 6_000
"""Characters of a document that are seen at once, and at most: enough to judge it by. Ours."""


def sheet(shown: Sample, corpus: Digest, language: Language, samples: int) -> str:
    """The page: the same bytes for the same sample."""
    name = language_name(language)
    data = {"form": FORM, "corpus": corpus, "language": language, "samples": str(samples), "sheet": shown.digest}
    attributes = " ".join(f'data-{key}="{escape(value)}"' for key, value in data.items())
    cards = "\n".join(
        _card(number, len(shown.documents), one.id, one.text, language, name)
        for number, one in enumerate(shown.documents, 1)
    )
    body = f"{_introduction(name, language, len(shown.documents))}\n<main {attributes}>\n{cards}\n</main>\n{_ending()}"
    style, script = ((Path(__file__).parent / f"sheet.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return paper(f"Review of {name} text", body, style, script)


def _introduction(name: str, language: Language, count: int) -> str:
    own = language_name(language, language)
    also = "" if own.lower() == name.lower() else f' <span class="text" lang="{language}">{escape(own)}</span>'
    english = escape(name)
    return f"""<header><h1>Is this good {english}?{also}</h1>
<p>Below are {count} pieces of text. Some were chosen to teach a language model {english}, others were left out of that
by rules. You are not told which: what counts is what you, who grew up with the language, think of each.</p>
<ul>
<li><b>Good</b>: somebody could learn {english} from it. It need not be interesting, and it may be about anything.</li>
<li><b>Not good</b>: it would teach bad {english}. Tick why, if you can.</li>
<li><b>Not in {english}</b>: most of it is in another language.</li>
</ul>
<p>Words in brackets such as <code>&lt;PHONE&gt;</code> stand where something about a person was taken out: that is no
fault. Leave out what you are not sure of, and stop when you like. Nobody asks for your name.</p>
<p class="screen" id="about-code" hidden>At the end, or whenever you stop, choose a code of 2 to 20 letters or digits, not
your name, and save your verdicts: a file that you give back to whoever gave you this page.</p>
<p class="screen soft" hidden>Keys: <kbd>N</kbd> next, <kbd>P</kbd> previous; there <kbd>1</kbd> good, <kbd>2</kbd> not
good, <kbd>3</kbd> not in {english}. To go on with what you saved before:
<label class="file">open it <input type="file" id="open" accept=".json,application/json"></label></p>
<p class="paper">On paper: tick the boxes, and give the sheet back to whoever gave it to you. Your code (2 to 20 letters
or digits, no name): <span class="blank"></span></p>
<noscript><p>Scripts are off in this browser, so nothing can be saved: print the page and tick the boxes.</p></noscript>
</header>"""


def _card(number: int, count: int, id_: str, text: str, language: Language, name: str) -> str:
    answers = (("good", "Good"), ("bad", "Not good"), ("other-language", f"Not in {name}"))
    radios = "".join(
        f'<label><input type="radio" name="v{number}" value="{value}">{escape(words)}</label>'
        for value, words in answers
    )
    reasons = "".join(
        f'<label><input type="checkbox" value="{code}">{escape(words)}</label>' for code, words in CODES.items()
    )
    return f"""<article id="d{number}" data-document="{escape(id_)}" aria-labelledby="h{number}">
<h2 id="h{number}">Text {number} <small>of {count}</small></h2>
{_text(text, language)}
<fieldset class="verdict"><legend>This text is</legend>{radios}</fieldset>
<details><summary>Why, if it is not good</summary><fieldset class="reasons"><legend>All that are true</legend>{reasons}</fieldset>
<label class="note" for="n{number}">In your own words (name nobody)</label>
<textarea id="n{number}" rows="2" maxlength="{NOTE_CHARACTERS}"></textarea></details>
</article>"""


def _text(text: str, language: Language) -> str:
    first = beginning(text, SHOWN)
    rest = beginning(text, MOST)[len(first) :]
    left = len(text) - len(first) - len(rest)
    more = f'<p class="soft">{left:,} more characters are not shown.</p>' if left else ""
    if not rest:
        return text_block(first, language) + more
    return (
        text_block(first + " …", language)
        + f'<details class="rest"><summary>Read on ({len(rest):,} characters)</summary>'
        + text_block("… " + rest.lstrip(), language)
        + f"{more}</details>"
    )


def _ending() -> str:
    return """<footer class="screen" hidden><p id="told" role="status" aria-live="polite"></p>
<label for="code">Your code</label><input id="code" autocomplete="off" spellcheck="false" maxlength="20" size="8"
aria-describedby="about-code"><button id="save" type="button">Save verdicts</button></footer>"""
