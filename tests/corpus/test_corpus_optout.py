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
        ("User-agent: *\nDisallow: /private/\nAllow: /\n", "unknown"),
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


@pytest.mark.parametrize(
    "robots",
    [
        "User agent: *\nDisallow: /\n", "User-agent *\nDisallow /\nSitemap: x\n", "User-agent: *\nDissallow: /\n",
        "Disallow: /\n", "- Disallow: /\nUser-agent: *\nAllow: /\n", "User-agent: *\nAllow: /\nDisallowAITraining: /\n",
        "Access denied. Please sign in.\nHost: example.org\n", "User-agent: *\n\u200bDisallow: /\n",
        "User-agent: *\n\x00Disallow: /\n", "User-agent: *\nDisallow: /*/\n", "User-agent: *\nDisallow: /articles/\n",
        "User-agent: *\nContent-Usage: search=y, train-ai\n", "User-agent: *\nContent-Usage: search=y; train-ai: n\n",
        "User-agent: *\nContent-Usage: everything-new=n\n", "User-agent: *\nContent Usage: train-ai=n\n",
        "User-agent: *\ntdm-reservation: 1\n", "User-agent: *\nLicence: https://x.example/l\n",
        "User-agent: SomeBot, Other\nAllow: /\n",
    ],
)  # fmt: skip
def test_a_line_that_nobody_has_read_is_not_a_yes(tmp_path: Path, robots: str) -> None:
    (tmp_path / "robots.txt").write_text(robots)
    assert read(tmp_path)[0] == "unknown"


@pytest.mark.parametrize(
    "robots",
    [
        "User-agent: GPTBot 1.1\nDisallow: /\n", "User-agent: GPTBot (+https://x.example)\nDisallow: /\n",
        "User-agent: GPTBot*\nDisallow: /\n", "User-agent: GPTBot, CCBot\nDisallow: /\n",
        "User-agent: DeepSeekBot\nDisallow: /\n", "User-agent: MyLab-AI\nDisallow: /\n",
        'User-agent: *\nContent-Usage: search=y, train-ai="n"\n', "User-agent: *\nContent-Usage: train-ai=?0\n",
        "User-agent: *\nContent-Usage: ai-training=no\n", "User-agent: *\nContent-Usage: foundation-model-production=n\n",
    ],
)  # fmt: skip
def test_a_reservation_is_found_however_it_is_written(tmp_path: Path, robots: str) -> None:
    (tmp_path / "robots.txt").write_text(robots)
    assert read(tmp_path)[0] == "reserved"


def test_rules_about_some_paths_are_asked_about_what_was_fetched(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nDisallow: /private/\nAllow: /\n")
    assert read(tmp_path)[0] == "unknown"
    (tmp_path / "paths.txt").write_text("/berita/1.html\n/berita/2.html\n")
    assert read(tmp_path)[0] == "none"
    (tmp_path / "paths.txt").write_text("/berita/1.html\n/private/x.html\n")
    assert read(tmp_path) == ("reserved", "robots.txt keeps * from `/private/x.html`, which was fetched")
    (tmp_path / "robots.txt").write_text("User-agent: *\nAllow: /\nUser-agent: GPTBot\nDisallow: /berita/\n")
    assert read(tmp_path)[0] == "reserved"


def test_a_tdmrep_json_is_found_where_it_is_published_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    assert read(tmp_path)[0] == "none"
    (tmp_path / ".well-known").mkdir()
    (tmp_path / ".well-known" / "tdmrep.json").write_text('[{"location": "/", "tdm-reservation": 1}]')
    assert read(tmp_path)[0] == "reserved"
    (tmp_path / ".well-known" / "tdmrep.json").write_text('[{"tdm-reservation": 1, "tdm-reservation": 0}]')
    assert read(tmp_path)[0] == "unknown"
    (tmp_path / ".well-known" / "tdmrep.json").rename(tmp_path / "TDMRep.json")
    assert read(tmp_path)[0] == "unknown"


@pytest.mark.parametrize(
    "paths",
    [
        "", "\n \n", "# nothing\n", "www.e.org/p/x\n", "/a/../private/x\n", "/./private/x\n", "//private/x\n", "/private%2Fx\n",
        '"/private/x"\n', "\\private\\x\n", "/a b/x\n", "\u200b/private/x\n", "/e\u0301\n", "/news/a.html?\n",
    ],
)  # fmt: skip
def test_a_list_of_paths_that_is_none_leaves_it_unknown(tmp_path: Path, paths: str) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nDisallow: /private/\n")
    (tmp_path / "paths.txt").write_text(paths)
    assert read(tmp_path)[0] == "unknown"


@pytest.mark.parametrize(
    ("robots", "path", "said"),
    [
        ("User-agent: GPTBot/1.0\nDisallow: /private/\n", "/private/x", "reserved"),
        ("User-agent: GPTBot\nCrawl-delay: 1\nUser-agent: foo\nDisallow: /private/\n", "/private/x", "reserved"),
        ("User-agent: *\nDisallow: /private/\nAllow: /private/open/\n", "/private/open/x", "none"),
        ("User-agent: *\nDisallow: /private/\n", "https://e.org/private/x", "reserved"),
        ("User-agent: *\nDisallow: /private/\n", "/%70rivate/x", "reserved"),
        ("User-agent: *\nDisallow: private/\n", "/private/x", "unknown"),
        ('User-agent: *\nDisallow: "/private/"\n', "/private/x", "unknown"),
        ("User-agent: *\nDisallow: /private/, /other/\n", "/private/x", "unknown"),
        ("User-agent: *\nDisallow: /p/ /q/\n", "/private/x", "unknown"),
        ("User-agent:\nDisallow: /\n", "/x", "unknown"),
        ('User-agent: "*"\nDisallow: /\n', "/x", "unknown"),
        ("User-agent: **\nDisallow: /\n", "/x", "unknown"),
        ("User-agent: BadBot\nDisallow: /x/\n", "/x/y", "none"),
    ],
)
def test_each_group_of_rules_is_asked_about_each_path(tmp_path: Path, robots: str, path: str, said: str) -> None:
    (tmp_path / "robots.txt").write_text(robots)
    (tmp_path / "paths.txt").write_text(f"/ok\n{path}\n")
    assert read(tmp_path)[0] == said


@pytest.mark.parametrize("name", [".Well-Known/tdmrep.json", "well-known/tdmrep.json", "tdmrep.json.txt", "ai.txt"])
def test_a_file_that_nobody_reads_leaves_it_unknown(tmp_path: Path, name: str) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    assert read(tmp_path)[0] == "none"
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text('[{"tdm-reservation": 1}]')
    assert read(tmp_path)[0] == "unknown"
