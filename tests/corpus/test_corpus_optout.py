"""What a publisher said of mining is read as it was meant; what cannot be read is not a yes."""

from pathlib import Path

import pytest

from daulat.corpus.optout import read


@pytest.mark.parametrize(
    ("robots", "said"),
    [
        ("", "unknown"),
        ("Error: 403 Forbidden\n", "unknown"),
        ("HTTP/1.1 200 OK\nContent-Type: text/plain\n\nUser-agent: *\nAllow: /\n", "unknown"),
        ("<html><style>a { color: red }</style>\nHost: x\n</html>", "unknown"),
        ("User-agent: *\nSitemap: https://x.example/s.xml\nUser-agent: foo\nDisallow: /\n", "reserved"),
        ("User-agent: *\nCrawl-delay: 5\nUser-agent: foo\nDisallow: /\n", "reserved"),
        ("User-agent: *\nDisallow: *\n", "reserved"),
        ("User-agent: *\nDisallow: /**\n", "reserved"),
        ("User-agent: *\nDisallow: /*$\n", "reserved"),
        ("User-agent: GPTBot/1.1\nDisallow: /\n", "reserved"),
        ("User-agent: AI2Bot\nDisallow: /\n", "reserved"),
        ("User-agent: GPTBot\nDisallow: /berita/\n", "unknown"),
        ("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n", "reserved"),
        ("User-agent: *\nContent-Usage: train-ai=no\n", "reserved"),
        ("User-agent: *\nContent-Usage: /news train-genai=n\n", "reserved"),
        ("User-agent: *\nContent-Usage: tdm=n\n", "reserved"),
        ("User-agent: *\nContent-Usage: whatever\n", "unknown"),
        ("User-agent: *\nContent-Usage: train-ai=maybe\n", "unknown"),
        ("User-agent: *\nAllow: /\n" + "# long\n" * 80_000, "unknown"),
        ("User-agent: *\nDisallow: /private/\nAllow: /\n", "none"),
        ("User-agent: *\nDisallow:\n", "none"),
        ("User-agent: BadBot\nDisallow: /\n", "none"),
        ("User-agent: *\nDisallow: /\n", "reserved"),
        ("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\nUser-agent: *\nAllow: /\n", "reserved"),
        ("user-agent: google-extended # AI\ndisallow: /\n", "reserved"),
        ("User-agent: *\nContent-Usage: train-ai=n\nAllow: /\n", "reserved"),
        ("User-agent: *\nContent-Usage: search=y, train-ai=n\nAllow: /\n", "reserved"),
        ("User-agent: *\nContent-Usage: train-ai=y\nAllow: /\n", "none"),
        ("License: https://news.example/license.xml\nUser-agent: *\nAllow: /\n", "reserved"),
        ("<!doctype html><html><body>Not found</body></html>", "unknown"),
    ],
)
def test_a_robots_txt_says_what_it_says(tmp_path: Path, robots: str, said: str) -> None:
    (tmp_path / "robots.txt").write_text(robots)
    assert read(tmp_path)[0] == said


def test_what_is_missing_or_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere")[0] == "unknown"
    assert read(tmp_path)[0] == "unknown"
    (tmp_path / "robots.txt").write_bytes(b"\xff\xfe\x00\x81")
    assert read(tmp_path)[0] == "unknown"
    (tmp_path / "robots.txt").unlink()
    (tmp_path / "other.txt").write_text("User-agent: *\nAllow: /\n")
    (tmp_path / "robots.txt").symlink_to(tmp_path / "other.txt")
    assert read(tmp_path)[0] == "unknown", "a link is not a snapshot"


@pytest.mark.parametrize(
    ("tdmrep", "said"),
    [
        ('[{"location": "/", "tdm-reservation": 0}]', "none"),
        ('[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://x.example/p"}]', "reserved"),
        ('[{"location": "/a", "tdm-reservation": 0}, {"location": "/b", "tdm-reservation": 1}]', "reserved"),
        ("not json", "unknown"),
        ('"text"', "unknown"),
        ('{"tdmrep": [{"tdm-reservation": 1}]}', "unknown"),
        ('[{"location": "/"}]', "unknown"),
        ('[{"location": "/", "TDM-Reservation": 1}]', "unknown"),
        ("null", "unknown"),
        ("[" * 100_000, "unknown"),
    ],
)
def test_a_tdmrep_json_says_what_it_says(tmp_path: Path, tdmrep: str, said: str) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    (tmp_path / "tdmrep.json").write_text(tdmrep)
    assert read(tmp_path)[0] == said
