"""The documentation site: built as `make docs` builds it, read in a browser, on a telephone and without a network."""

import re
import subprocess
import sys
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from documents import ROOT

pytestmark = pytest.mark.slow
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; `sphinx-build` with the arguments of the Makefile, into another folder."""
    place = tmp_path_factory.mktemp("site")
    (command,) = re.findall(
        r"^\t\$\(BIN\)/sphinx-build (.* -b html .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    arguments = command.replace("out/", f"{place}/").split()
    assert {"-W", "-n"} <= set(arguments)
    done = subprocess.run([sys.executable, "-m", "sphinx", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return place / "docs"


@pytest.fixture(scope="module")
def served(site):
    """The site over HTTP."""
    handler = partial(QuietHandler, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def tab(browser):
    """A tab that counts what is asked and what fails."""
    page = browser.new_page()
    page.asked, page.failed = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.failed.append(str(error)))
    page.on("response", lambda response: response.status < 400 or page.failed.append(response.url))
    yield page
    page.close()


class Fetched(HTMLParser):
    """The addresses that a browser fetches by itself for a page."""

    def __init__(self, text):
        super().__init__()
        self.addresses = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.addresses += [named[name] for name in ("src", "srcset", "poster", "data") if named.get(name)]
        if tag == "link" and "href" in named:
            self.addresses.append(named["href"])


def test_nothing_is_fetched_from_another_host(site):
    pages = [(path, Fetched(path.read_text(encoding="utf-8")).addresses) for path in site.rglob("*.html")]
    styles = [
        (path, re.findall(r"url\(([^)]*)\)|@import ([^;]*)", path.read_text())) for path in site.rglob("*.css")
    ]
    found = pages + [(path, [one for two in uses for one in two]) for path, uses in styles]
    assert sum(len(addresses) for _, addresses in found) > 100
    away = [
        (path.name, one) for path, addresses in found for one in addresses if re.match(r"['\"]?(\w+:)?//", one)
    ]
    assert away == []


def test_every_page_fits_a_telephone_and_asks_only_its_own_host(site, served, tab):
    tab.set_viewport_size(PHONE)
    pages = [path.relative_to(site).as_posix() for path in site.rglob("*.html")]
    assert len(pages) > 20
    for page in pages:
        tab.goto(f"{served}/{page}", wait_until="load")
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page
        broken = (
            "[...document.images].filter(one => one.loading != 'lazy' && !one.naturalWidth).map(one => one.src)"
        )
        assert tab.evaluate(broken) == [], page
    assert [url for url in tab.asked if not url.startswith((served, "data:"))] == []
    assert tab.failed == []


@pytest.mark.parametrize("offline", [True, False], ids=["files", "http"])
def test_search_finds_a_word_of_a_page(offline, site, served, tab):
    home = site.as_uri() if offline else served
    tab.goto(f"{home}/index.html")
    tab.get_by_placeholder("Search").first.fill("temperature")
    tab.keyboard.press("Enter")
    results = tab.locator("#search-results li a")
    results.first.wait_for(timeout=10_000)
    assert results.count() >= 1
    results.first.click()
    tab.wait_for_load_state()
    assert "temperature" in tab.locator("article").inner_text().lower()
    assert [url for url in tab.asked if not url.startswith((home, "data:"))] == []


def test_the_list_of_documents_is_the_first_page_and_the_navigation(site, served, tab):
    tab.goto(f"{served}/index.html")
    captions = [one.casefold() for one in tab.locator(".sidebar-tree .caption").all_inner_texts()]
    text = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert captions == [one.casefold() for one in re.findall(r"^## (.+)$", text, re.MULTILINE)]
    for title in re.findall(r"^- \[([^\]]+)\]\((?!http)[^)#]+\.md\)", text, re.MULTILINE):
        assert tab.locator(".sidebar-tree").get_by_text(title, exact=True).count() == 1, title
