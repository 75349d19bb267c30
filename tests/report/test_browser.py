"""Does the report hold in a real browser: no message, no request, whole without scripts, no accessibility fault?"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from report import sample
from whosaw.report import html

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open an answer as a file; returns the page and everything the browser had to say about it."""
    contexts = []

    def opening(result, **options):
        path = tmp_path / "report.html"
        path.write_bytes(html.render(result, sample.CLAIMS))
        context = browser.new_context(**options)
        contexts.append(context)
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: said.append(request.url) if request.url not in {path.as_uri(), "data:,"} else None)
        page.goto(path.as_uri())
        return page, said

    yield opening
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", [*sample.ALL, "hostile"])
def test_the_browser_has_nothing_to_say(opened, name):
    make = sample.ALL.get(name, lambda: sample.hostile("".join(sample.HOSTILE)))
    page, said = opened(make())
    assert page.title().startswith("whosaw report")
    assert said == []


@pytest.mark.parametrize(
    ("name", "scheme", "width"), [("rich", "light", 1200), ("rich", "dark", 390), ("unjudged", "light", 390), ("empty", "dark", 1200)]
)
def test_the_page_has_no_accessibility_fault(opened, name, scheme, width):
    page, _ = opened(sample.ALL[name](), color_scheme=scheme, viewport={"width": width, "height": 900})
    for details in page.locator("details").all():
        details.evaluate("d => d.open = true")
    found = Axe().run(page)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []


def test_the_page_is_whole_without_scripts(opened):
    with_scripts, _ = opened(sample.rich())
    without, said = opened(sample.rich(), java_script_enabled=False)
    assert said == []
    assert without.locator("section.incident").count() == 5
    assert without.locator("#filter").is_hidden()
    text = [p.locator("#method").inner_text().replace("\nCopy", "") for p in (with_scripts, without)]
    assert text[0] == text[1]
    without.locator("details.evidence summary").first.click()
    assert without.get_by_text("gateway/gw-1-2012-01-10.log:118204").is_visible()


def test_the_page_never_scrolls_sideways_on_a_phone(opened):
    page, _ = opened(sample.hostile("x" * 300), viewport={"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_filtering_shows_only_what_was_asked_for(opened):
    page, said = opened(sample.rich())
    page.fill("#filter", "crm")
    assert page.locator("section.incident:visible").count() == 1
    assert page.locator(".filter output").inner_text() == "1 of 5 incidents"
    page.fill("#filter", "")
    assert page.locator("section.incident:visible").count() == 5
    assert said == []


def test_the_keyboard_reaches_the_report_first(opened):
    page, _ = opened(sample.rich())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
