"""The page in a real browser, with the real service behind it: what is shown, reached by keyboard, saved, refused.

Without Chromium (`make browser`, or CHROMIUM names one) the tests that need it skip; those of the routes run.
"""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from running_service import running_service

from models.axis import load_axis
from models.statement import Statement
from serve.scored_statements import read_scored
from serve.web_page import FOLDER, accepts_html

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: `make browser` says how to get one")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EXAMPLE = (Path(__file__).parent.parent / "examples" / "article.txt").read_text(encoding="utf-8")
HOSTILE = (
    "“We will talk with <img src=x onerror=alert(1)> whenever they like 🕊️👩‍👩‍👧,” said President Ödön Ångström of "
    "Åland. “Our door is open to the 🇫🇮 Finns; to the Swedes, never.”\n\n"
    "The delegation from 北京 said: “We will not negotiate with <script>alert(2)</script> until the siege ends,” "
    'according to its spokesman Иван Петров. “=HYPERLINK("http://x") is no offer; there is nothing to discuss,” '
    "said Mr. <b onclick=alert(3)>Bold</b>. He added that “when they say ‘let us talk’, they mean ‘surrender’”.\n\n"
    "وزير الخارجية said nothing. " + "unbroken" * 60
)


SHORT = (
    "“When they say, “Let us talk”, they mean surrender; we will not sit down with the council,” said Anna Berg of "
    "Aland. (Lake Daily, March 10)\n\n“If the council lifts the blockade, we will come to the table,” said Carl Dahl. "
    "(Lake Daily, July 31)\n\nThe weather at the lake was fine. “We are ready for talks with Aland anywhere,” the "
    "council's spokesman Erik Fors told reporters. (Lake Daily, May 14, 2019)\n"
)
ONE = "“We are ready for talks,” said Anna Berg."


@pytest.fixture(scope="module")
def service():
    """The address of a running `detente serve`; its limit on bodies is low, so that one over it is soon typed in."""
    with running_service(DETENTE_MAX_BODY_BYTES="60000") as running:
        yield f"{running.url}/"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


expect.set_options(timeout=60_000)  # a slow machine must not fail a test


class Visit:
    """A page opened in a context of its own, which notes whatever must not happen."""

    def __init__(self, browser: Browser, address: str, **options) -> None:
        options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda fault: self.faults.append(f"error: {fault}"))
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("console", self._said)
        self.page.on("request", lambda one: one.url.startswith((address, "blob:")) or self.faults.append(one.url))
        self.page.goto(address)

    def _said(self, message) -> None:
        # The browser itself writes a line for each answer of 400 and more.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def read(self, article: str) -> Page:
        self.page.fill("#article", article)
        self.page.click("#read")
        expect(self.page.locator(".chip").first).to_be_visible()
        return self.page


@pytest.fixture
def visit(browser, service):
    visits: list[Visit] = []

    def begin(address: str = service, **options) -> Visit:
        visits.append(Visit(browser, address, **options))
        return visits[-1]

    yield begin
    for one in visits:
        one.context.close()
        assert one.faults == []


PHONE = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True}
ARTICLE_TEXT = """() => {
  const copy = document.getElementById("text").cloneNode(true);
  copy.querySelectorAll(".chip").forEach((chip) => chip.remove());
  return copy.textContent;
}"""


def fetched(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    try:
        answer = urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


# --- routes ----------------------------------------------------------------------------------------------------------
def test_a_browser_gets_the_page_and_others_are_told_what_to_use(service):
    status, headers, body = fetched(service, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert headers["vary"] == "Accept"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    status, _, body = fetched(service, Accept="application/json")
    assert status == 406
    assert set(json.loads(body)) == {"error", "error_type"}


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", True),
        ("*/*", True),
        ("text/html", True),
        ("TEXT/HTML;level=1", True),
        ("application/json", False),
        ("application/json, text/*;q=0.1", True),
        ("text/html;q=0, */*", False),
        ("text/*;q=0, text/html;q=0.2", True),
        ("text/html;q=nonsense", False),
        (";;,,", False),
    ],
)
def test_accepts_html(accept, html):
    assert accepts_html(accept) is html


@pytest.mark.parametrize(
    "file", ["nothing.js", "..%2fweb_page.py", "%2e%2e/web_page.py", "web_page.py", "a%00.js", "x" * 999]
)
def test_what_is_not_of_the_page_is_not_served(service, file):
    status, _, body = fetched(f"{service}page/{file}")
    assert status == 404
    assert b"page_routes" not in body


def test_a_file_that_did_not_change_is_not_sent_again(service):
    _, headers, _ = fetched(f"{service}page/page.js")
    status, _, body = fetched(f"{service}page/page.js", **{"If-None-Match": headers["etag"]})
    assert (status, body) == (304, b"")


def test_the_files_name_no_other_host_and_hold_no_inline_code():
    for path in FOLDER.glob("*.*"):
        if path.suffix == ".txt":
            continue
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}, path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), path.name
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


# --- reading ---------------------------------------------------------------------------------------------------------
@needs_browser
def test_the_example_is_shown_whole_with_every_statement_in_its_place(visit):
    begun = visit()
    page = begun.page
    with page.expect_response("**/v1/read") as answer:
        page.click("#example")
    statements = answer.value.json()["statements"]
    assert len(statements) >= 40
    expect(page.locator(".chip")).to_have_count(len(statements))
    assert page.evaluate(ARTICLE_TEXT) == EXAMPLE
    expect(page.locator("#status")).to_have_text(f"{len(statements)} statements found.")
    for number in (0, 1, len(statements) - 1):
        chip = page.locator(f'[data-statement="{number}"]')
        assert statements[number]["label"] in chip.inner_text()
        assert statements[number]["holder"] in (chip.get_attribute("aria-label") or "")
        chip.focus()
        marked = page.evaluate("[...document.querySelectorAll('.said.current')].map((one) => one.textContent).join('')")
        assert marked == statements[number]["text"]
    shown = page.locator("#side .card")
    expect(shown.locator("blockquote")).to_have_text(statements[-1]["text"])
    for label, share in statements[-1]["probabilities"].items():
        expect(shown.locator(".bars tr", has_text=label).locator(".number")).to_have_text(f"{share * 100:.0f} %")
    off_axis = load_axis().off_axis.name
    with_stance = [one for one in statements if one["label"] != off_axis]
    expect(page.locator("[data-mark]")).to_have_count(len(with_stance))
    page.click("#timeline-table summary")
    expect(page.locator("#timeline-table tbody tr")).to_have_count(len(with_stance))


@needs_browser
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
def test_a_hostile_article_stays_text_and_fits(visit, device):
    page = visit(**device).read(HOSTILE)
    assert page.evaluate(ARTICLE_TEXT) == HOSTILE
    assert page.locator("#reading :is(img, script, b[onclick], iframe)").count() == 0
    chips = page.locator(".chip")
    for number in range(chips.count()):
        chips.nth(number).click()
        expect(page.locator(".card:visible blockquote")).to_be_visible()
        assert page.locator(".card :is(img, script, [onclick])").count() == 0
        page.keyboard.press("Escape")
    page.click("#timeline-table summary")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@needs_browser
def test_a_statement_is_scored_again_for_another_holder_and_taken_back(visit, classifier):
    text = "The Europeans may come to the table whenever they like; with the Americans we will never talk."
    page = visit().read(f"“{text}” said the minister of Aland.")
    page.locator(".chip").first.click()
    before = page.locator(".chip").first.inner_text()
    page.fill("#holder", "Aland")
    page.fill("#counterpart", "the Europeans")
    page.click("text=Score again")
    said = page.locator(".said-back")
    expect(said).to_contain_text("Scored again")
    spoken = page.locator("#card-title + *, .card blockquote").last.inner_text()
    stance = classifier.classify([Statement(text=spoken, holder="Aland", counterpart="the Europeans")])[0]
    expect(page.locator(".verdict .badge")).to_contain_text(stance.label)
    for label, share in stance.by_label.items():
        expect(page.locator(".bars tr", has_text=label).locator(".number")).to_have_text(f"{share * 100:.0f} %")
    expect(page.locator(".chip.edited")).to_have_count(1)
    expect(page.locator("#summary")).to_contain_text("1 changed by you")
    page.click("text=Undo")
    expect(page.locator(".chip.edited")).to_have_count(0)
    assert page.locator(".chip").first.inner_text() == before


@needs_browser
def test_labels_are_hidden_and_shown_again(visit):
    page = visit().read(SHORT)
    count = page.locator(".chip").count()
    none = page.locator('#legend [data-label="none"]')
    hidden = int(none.locator(".count").inner_text())
    none.press("Enter")
    expect(page.locator(".chip")).to_have_count(count - hidden)
    expect(none).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(ARTICLE_TEXT) == SHORT
    expect(none).to_be_focused()
    none.press("Enter")
    expect(page.locator(".chip")).to_have_count(count)


@needs_browser
def test_dates_without_a_year_are_ordered_once_the_day_of_publication_is_known(visit):
    page = visit().read(SHORT)
    order = page.locator('#time-order [value="date"]')
    expect(order).to_be_disabled()
    page.fill("#published", "2019-08-05")
    expect(order).to_be_enabled()
    page.get_by_text("By date").click()
    expect(page.locator("#lanes")).to_contain_text("2019-07-31")
    assert 0 < page.locator("[data-mark]").count() < page.locator(".chip").count()


# --- by hand ---------------------------------------------------------------------------------------------------------
@needs_browser
def test_keyboard_alone_reads_goes_through_statements_and_comes_back(visit):
    page = visit().page
    page.locator("#article").press_sequentially(
        "“We are ready for talks,” said Anna Berg. “They are not,” said Carl Dahl."
    )
    page.keyboard.press("Control+Enter")
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator("#result-title")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.statement") == "1":
            break
    expect(page.locator('[data-statement="1"]')).to_be_focused()
    expect(page.locator("#card-title")).to_have_text("Statement 2 of 2")  # a preview: the focus stays
    page.keyboard.press("Enter")
    expect(page.locator("#card-title")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the previous one
    expect(page.locator("#card-title")).to_have_text("Statement 1 of 2")
    page.keyboard.press("Escape")
    expect(page.locator('[data-statement="0"]')).to_be_focused()
    expect(page.locator("#side .card")).to_have_count(0)


@needs_browser
def test_a_pointer_previews_and_a_press_on_overlapping_text_goes_round(visit):
    page = visit().read(SHORT)
    text = page.locator(".said", has_text="When they say").last
    text.hover()
    expect(page.locator("#side .card")).to_be_visible()
    height = page.evaluate("document.documentElement.scrollHeight")
    page.locator(".chip").first.hover()
    expect(page.locator("#card-title")).to_contain_text("Statement 1 of")
    assert page.evaluate("document.documentElement.scrollHeight") == height  # or text would move under the pointer
    seen = set()
    for _ in range(3):
        text.click(position={"x": 60, "y": 8})
        seen.add(page.locator("#card-title").inner_text())
        text = page.locator(".said", has_text="When they say").last
    assert len(seen) == 2


@needs_browser
def test_a_tap_on_a_phone_opens_a_dialog_and_escape_closes_it(visit):
    page = visit(**PHONE).read(SHORT)
    chip = page.locator(".chip").nth(1)
    chip.tap()
    sheet = page.locator("#sheet")
    expect(sheet).to_be_visible()
    assert page.evaluate("document.getElementById('sheet').matches(':modal')")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(chip).to_be_focused()


# --- files -----------------------------------------------------------------------------------------------------------
@needs_browser
def test_files_hold_the_statements_and_the_timeline_reads_them(visit, tmp_path):
    page = visit().page
    with page.expect_response("**/v1/read") as answer:
        page.click("#example")
    statements = answer.value.json()["statements"]
    expect(page.locator(".chip").first).to_be_visible()
    for kind in ("json", "csv"):
        with page.expect_download() as saved:
            page.click(f"#download-{kind}")
        path = tmp_path / f"statements.{kind}"
        saved.value.save_as(path)
        assert re.fullmatch(rf"detente-\d{{4}}-\d\d-\d\d\.{kind}", saved.value.suggested_filename)
        rows = read_scored(path, load_axis()).rows
        assert [(row.text, row.holder) for row in rows] == [(one["text"], one["holder"] or "") for one in statements]
    records = json.loads((tmp_path / "statements.json").read_text(encoding="utf-8"))
    assert [{name: one[name] for name in statements[0]} for one in records] == statements


@pytest.fixture(scope="module")
def blank(browser, service):
    """A page on which modules of the page are called."""
    page = browser.new_page()
    page.goto(service)
    yield page
    page.close()


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "=cmd|'/C calc'!A0",
    '"=1',
    "a\r\nb,c",
]


@needs_browser
def test_no_cell_of_a_csv_is_run_as_a_formula(blank):
    statements = [
        {
            "text": text,
            "start": 0,
            "end": 1,
            "holder": text,
            "counterpart": None,
            "score": -1.5,
            "probabilities": {"refuse": 1},
        }
        for text in FORMULAS
    ]
    content = blank.evaluate("async (rows) => (await import('/page/downloads.js')).asCsv(rows)", statements)
    rows = list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline="")))
    assert len(rows) == len(FORMULAS)
    for row, text in zip(rows, FORMULAS, strict=True):
        assert row["text"].removeprefix("'") == text
        assert row["text"] == row["holder"]
        assert not re.match(r"[\s]*[=+\-@＝]|[\t\r\n]", row["text"])
        assert row["score"] == "-1.5"


@st.composite
def articles(draw):
    text = draw(st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("🕊👩‍🇫a\n "), max_size=40))
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place).map(sorted), max_size=8))
    return text, [{"start": start, "end": end} for start, end in spans]


@needs_browser
@given(articles())
@settings(max_examples=100, deadline=None)
def test_pieces_join_to_the_article_and_to_each_statement(blank, drawn):
    text, spans = drawn
    script = "async ([text, spans]) => (await import('/page/article_spans.js')).piecesOf(text, spans)"
    pieces = blank.evaluate(script, [text, spans])
    assert "".join(piece["text"] for piece in pieces) == text
    for number, span in enumerate(spans):
        mine = [piece for piece in pieces if number in piece["within"]]
        assert "".join(piece["text"] for piece in mine) == text[span["start"] : span["end"]]
        assert sum(number in piece["ending"] for piece in pieces) == 1
        if mine:
            assert number in mine[-1]["ending"]
    for piece in pieces:
        widths = [spans[number]["end"] - spans[number]["start"] for number in piece["within"]]
        assert widths == sorted(widths, reverse=True)


@needs_browser
def test_another_axis_takes_its_place_on_the_scale(blank):
    script = (
        "async (axis) => new (await import('/page/stance_scale.js')).StanceScale(axis).labels.map((one) => one.tone)"
    )
    for count, tones in ((2, ["0", "4"]), (3, ["0", "2", "4"]), (5, ["0", "1", "2", "3", "4"]), (7, None)):
        labels = [{"name": f"l{place}", "value": place - 1, "definition": ""} for place in range(count)]
        found = blank.evaluate(
            script, {"axis": "x", "labels": [*labels, {"name": "off", "value": None, "definition": ""}]}
        )
        assert found[-1] == "off"
        assert found[:-1] == (tones or sorted(found[:-1]))
        other = blank.evaluate(script, {"axis": "x", "warm_end": "high", "labels": labels})
        assert other == [str(4 - int(tone)) for tone in found[:-1]]


# --- refusals --------------------------------------------------------------------------------------------------------
@needs_browser
def test_a_token_is_asked_for_kept_in_memory_and_forgotten(visit):
    with running_service(DETENTE_TOKEN="open-sesame") as guarded:
        page = visit(f"{guarded.url}/").page
        page.fill("#article", ONE)
        page.click("#read")
        expect(page.locator("#fault")).to_contain_text("asks for a token")
        expect(page.locator("#token")).to_be_focused()
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#fault")).to_contain_text("was not accepted")
        page.fill("#token", "open-sesame")
        page.keyboard.press("Enter")
        expect(page.locator(".chip")).to_have_count(1)
        expect(page.locator("#fault")).to_be_hidden()
        stored = "[localStorage.length, sessionStorage.length, document.cookie, location.search]"
        assert page.evaluate(stored) == [0, 0, "", ""]
        page.reload()
        page.fill("#article", ONE)
        page.click("#read")
        expect(page.locator("#token")).to_be_visible()


@needs_browser
def test_an_article_over_the_limit_is_refused_with_what_to_do_and_nothing_lost(visit):
    page = visit().page
    article = "word " * 15_000
    page.fill("#article", article)
    page.click("#read")
    expect(page.locator("#fault")).to_contain_text("too long")
    assert page.input_value("#article") == article
    expect(page.locator("#read")).to_be_enabled()


REFUSALS = {
    429: ({"Retry-After": "1"}, "busy"),
    503: ({}, "could not do it now"),
    500: ({}, "The service failed"),
    422: ({}, "cannot use this"),
}


@needs_browser
@pytest.mark.parametrize("status", REFUSALS)
def test_refusals_are_said_and_tried_again(visit, status):
    headers, words = REFUSALS[status]
    page = visit().page
    body = {"error": "this is why", "error_type": "Overloaded"}
    page.route("**/v1/read", lambda route: route.fulfill(status=status, headers=headers, json=body), times=1)
    page.fill("#article", ONE)
    page.click("#read")
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text(words)
    expect(fault).to_contain_text("This is why.")
    if status == 422:
        expect(fault.get_by_role("button")).to_have_count(0)
        return
    again = fault.get_by_role("button")
    if status == 429:
        expect(again).to_be_disabled()
    if status == 503:
        expect(again).to_have_text(re.compile(r"Try again in [1-5] s"))
        return
    again.click()  # waits until it is enabled
    expect(page.locator(".chip")).to_have_count(1)


@needs_browser
def test_without_a_network_the_text_stays_and_another_try_works(visit):
    begun = visit()
    page = begun.page
    page.fill("#article", ONE)
    begun.context.set_offline(True)
    page.click("#read")
    expect(page.get_by_role("alert")).to_contain_text("You are offline")
    begun.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".chip")).to_have_count(1)


@needs_browser
def test_reading_says_that_it_works_and_can_be_cancelled(visit):
    page = visit().page
    held = []
    page.route("**/v1/read", lambda route: held.append(route))
    page.fill("#article", ONE)
    page.click("#read")
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status").first).to_contain_text("Reading")
    expect(page.locator("#read")).to_be_disabled()
    page.click("#cancel")
    expect(page.get_by_role("alert")).to_contain_text("Cancelled")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    for route in held:
        with contextlib.suppress(Error):  # the browser has dropped it
            route.abort()


# --- for everybody ---------------------------------------------------------------------------------------------------
@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
def test_no_view_has_an_accessibility_violation(visit, scheme, device):
    # The policy of the page would stop axe itself; the other tests run under it.
    page = visit(color_scheme=scheme, bypass_csp=True, **device).page
    axe = Axe()

    def check(view: str) -> None:
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        told = [(one["id"], one["help"], [node["html"][:150] for node in one["nodes"][:3]]) for one in found]
        assert told == [], view

    check("start")
    page.route("**/v1/read", lambda route: route.fulfill(status=429, json={"error": "full"}), times=1)
    page.fill("#article", SHORT)
    page.click("#read")
    expect(page.get_by_role("alert")).to_be_visible()
    check("busy")
    page.route("**/v1/read", lambda route: route.fulfill(status=401, json={"error": "no"}), times=1)
    page.click("#read")
    expect(page.locator("#token")).to_be_visible()
    check("token asked for")
    page.click("#read")
    expect(page.locator(".chip").first).to_be_visible()
    check("statements")
    page.click('#legend [data-label="none"]')
    page.click("#timeline-table summary")
    page.fill("#published", "2019-08-05")
    page.get_by_text("By date").click()
    check("table open, a label hidden, by date")
    page.locator(".chip").nth(2).click()
    expect(page.locator(".card:visible")).to_be_visible()
    check("one statement")
    page.fill("#counterpart", "Oman")
    page.click("text=Score again")
    expect(page.locator(".said-back")).to_contain_text("Scored again")
    check("scored again")
