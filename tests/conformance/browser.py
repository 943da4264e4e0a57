"""Opens the pages that pages.py has made in a browser without a window, as their readers do.

    python browser.py FOLDER [SCREENSHOTS]

Needs `playwright` beside the Python that runs it, and Debian's `chromium`. Prints one line for each check, and
ends with status 1 if any of them fails. SCREENSHOTS is a folder for pictures of the pages.
"""

import os
import shutil
import sys

from playwright.sync_api import sync_playwright

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
ITEM = "details.item:visible"
COUNT = "#filter output"
# What is counted: a change, or each of the gateways that are changed alike.
TOLD = "[data-member], details.item:not(:has([data-member]))"

# Lists the texts that stand out less from what is behind them than the Web Content Accessibility Guidelines ask.
FAINT = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((value, at) => value * a + below[at] * (1 - a));
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const chain = [];
    for (let one = element; one; one = one.parentElement) chain.unshift(parse(getComputedStyle(one).backgroundColor));
    return chain.reduce((below, colour) => over(colour, below), [255, 255, 255]);
  };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest("script, svg, .unseen, [aria-hidden]")) continue;
    const back = behind(element);
    const pair = [light(over(parse(getComputedStyle(element).color), back)), light(back)].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) faint.push(`${element.className || element.tagName} ${contrast.toFixed(2)}`);
  }
  return [...new Set(faint)];
}"""

passed, failed = 0, 0


def expect(name, found, wanted=True):
    global passed, failed
    holds = found == wanted
    passed, failed = passed + holds, failed + (not holds)
    print("ok" if holds else f"FAILED: {found!r} is not {wanted!r}:", name)


class Reader:
    """A browser that notes what a page says on its console and what it asks for."""

    def __init__(self, browser, folder, shots):
        self.browser, self.folder, self.shots = browser, folder, shots
        self.talk, self.requests = [], []

    def open(self, name, width=1280, height=900, **more):
        context = self.browser.new_context(viewport={"width": width, "height": height}, **more)
        page = context.new_page()
        page.on("console", lambda message: self.talk.append((name, message.text)))
        page.on("pageerror", lambda error: self.talk.append((name, str(error))))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(f"file://{self.folder}/{name}.html")
        return page

    def shoot(self, page, name, full=True):
        if self.shots:
            page.screenshot(path=os.path.join(self.shots, f"{name}.png"), full_page=full)


def check_filter(reader):
    page = reader.open("mixed")
    total = page.locator("details.item").count()
    expect("all changes are shown at first", page.locator(ITEM).count(), total)
    expect("and counted", page.inner_text(COUNT), f"{total} of {total} shown")
    page.fill("#filter input", "canary")
    shown = page.locator(ITEM)
    names = [shown.nth(at).locator(".name").first.inner_text() for at in range(shown.count())]
    expect("the filter hides the others", names, ["gateway.canary", "gateway.canary-2"])
    expect("and counts what is left", page.inner_text(COUNT), f"2 of {total} shown")
    expect("and hides empty groups", page.locator("h3:visible").all_inner_texts(), ["CREATED"])
    page.fill("#filter input", "FINANCE team")
    expect("values are found, in any case", page.locator(ITEM).count(), 1)
    page.fill("#filter input", "nothing-like-this")
    expect("nothing is found", page.inner_text(COUNT), f"0 of {total} shown")
    page.fill("#filter input", "")
    page.click("button[data-action=create]")
    expect("a button takes its action out", page.locator(ITEM).count(), total - 2)
    expect("and says so", page.get_attribute("button[data-action=create]", "aria-pressed"), "false")
    page.click(".risks a[href='#change-gateway.canary']")
    expect("a link shows what was hidden", page.locator("[id='change-gateway.canary']").is_visible())
    page.click("button[data-close]")
    expect("all are closed", page.locator("details.item[open]").count(), 0)
    page.click("button[data-open]")
    expect("all are opened", page.locator("details.item[open]").count(), total)


def focused(page):
    return page.evaluate("document.activeElement.outerHTML.slice(0, 60)")


def check_keyboard(reader):
    page = reader.open("mixed")
    page.keyboard.press("Tab")
    expect("the first stop skips to the plan", "skip" in focused(page))
    page.keyboard.press("/")
    expect("a slash leads to the filter", "<input" in focused(page))
    page.keyboard.type("legacy")
    expect("typing filters", page.locator(ITEM).count(), 1)
    page.keyboard.press("Escape")
    expect("escape shows all", page.locator(ITEM).count(), page.locator("details.item").count())
    seen, stops = set(), 0
    while stops < 200:
        page.keyboard.press("Tab")
        stops += 1
        if page.evaluate("document.activeElement === document.body"):
            break
        seen.add(page.evaluate("document.activeElement.tagName"))
        outlined = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if outlined == "none":
            expect(f"{focused(page)} shows its focus", outlined, "solid")
    expect("the walk ends and meets", {"BUTTON", "SUMMARY", "PRE", "A", "DIV"} - {name.upper() for name in seen}, set())
    summary = page.locator("details.item summary").first
    summary.focus()
    was = page.locator("details.item").first.get_attribute("open")
    page.keyboard.press("Enter")
    expect("enter opens and closes", page.locator("details.item").first.get_attribute("open") != was)
    mice = page.evaluate("[...document.querySelectorAll('[onclick], [role=button]')].length")
    expect("nothing is for mice only", mice, 0)


def check_faces(reader):
    colours = {}
    for scheme in ("light", "dark"):
        page = reader.open("mixed", color_scheme=scheme)
        colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        expect(f"every text can be read in the {scheme}", page.evaluate(FAINT), [])
        reader.shoot(page, scheme)
    expect("dark is not light", colours["light"] != colours["dark"])
    page = reader.open("mixed", width=360, height=740)
    width = page.evaluate("document.documentElement.scrollWidth")
    expect("nothing sticks out of a narrow window", width <= 360)
    reader.shoot(page, "narrow")
    page = reader.open("mixed", width=800)
    page.click("button[data-close]")
    page.fill("#filter input", "legacy")
    expect("on the screen little is open", page.locator("details.item .body:visible").count(), 0)
    page.emulate_media(media="print")
    total = page.locator("details.item").count()
    expect("print shows every change", page.locator(ITEM).count(), total)
    expect("and what is in it", page.locator("details.item .body:visible").count(), total)
    expect("and no buttons", page.locator("button:visible").count(), 0)
    reader.shoot(page, "print")
    page = reader.open("mixed", java_script_enabled=False)
    expect("all is there without JavaScript", page.locator(ITEM).count(), total)
    expect("but the filter", page.locator("#filter:visible").count(), 0)


def check_contents(reader):
    page = reader.open("mixed")
    risks = page.locator(".risks th[scope=row]").all_inner_texts()
    expect("the greatest risk comes first", risks[:2], ["destroy", "loses public address"])
    first = page.locator("details.item .name").first.inner_text()
    expect("and what bears it", first, "gateway.legacy")
    expect("differing words are marked", page.locator("ins mark").all_inner_texts()[:1], ["web"])
    expect("the graph has its boxes", page.locator("svg rect").count(), 8)
    expect("and its arrows", page.locator("svg > path").count(), page.locator(".plain .name").count() - 5)
    command = page.inner_text("pre.command")
    digest = page.inner_text(".digest code")
    expect("the command names the digest", command, f"gwplan apply --expect-digest {digest}")
    page = reader.open("empty")
    expect("no changes are told as such", page.inner_text("h1"), "No changes.")
    reader.shoot(page, "empty", full=False)


def check_many(reader):
    page = reader.open("many", height=1400)
    expect("300 gateways are told", page.locator(TOLD).count(), 300)
    expect("of which some are drawn", page.locator("svg rect").count(), 60)
    expect("and that is said", "60 are drawn" in page.inner_text("#graph"))
    page.fill("#filter input", "shard-29")
    expect("and they are filtered", page.inner_text(COUNT), "10 of 300 shown")
    page.fill("#filter input", "")
    reader.shoot(page, "many", full=False)


# Lists the names and paths of the tables of which a word is broken in two: one that no dot, dash or space ends
# stands on one line.
BROKEN = """() => {
  const broken = [];
  for (const element of document.querySelectorAll(".fields .name, .fields th code")) {
    const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      for (const word of walk.currentNode.data.matchAll(/[^-.\\s]+/g)) {
        const range = document.createRange();
        range.setStart(walk.currentNode, word.index);
        range.setEnd(walk.currentNode, word.index + word[0].length);
        if (range.getClientRects().length > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}"""


def check_daily_use(reader):
    for width in (400, 800, 1200):
        page = reader.open("mixed", width=width)
        expect(f"no word of a table is broken at {width}", page.evaluate(BROKEN), [])
        page.click("button[data-close]")
        gists = page.locator("details.item.update .gist")
        expect(f"closed cards say what changes at {width}", gists.count() > 0 and gists.first.is_visible())
        chevron = "getComputedStyle(document.querySelector('.side'), '::after').display"
        expect(f"and have a chevron at {width}", page.evaluate(chevron) != "none")
        reader.shoot(page, f"closed-{width}")
    page.click("button[data-copy]")
    page.wait_for_function("document.querySelector('[data-copy]').textContent !== 'Copy'")
    page.locator("#filter input").focus()
    page.keyboard.press("Control+V")
    pasted = page.input_value("#filter input") or page.evaluate("getSelection().toString()")
    expect("a button takes the command", pasted, page.inner_text("pre.command"))


def check_hostile(reader):
    page = reader.open("hostile")
    expect("no text runs", page.evaluate("window.hurt"), None)
    found = page.evaluate("[document.scripts.length, document.images.length, document.querySelectorAll('b[style]').length]")
    expect("no text is an element", found, [1, 0, 0])
    text = page.inner_text("#changes")
    expect("markup is told as it is", "</script><script>window.hurt=1</script>" in text)
    expect("what is unseen is written out", "\\u{1b}[31mred" in text and "\\u{202e}" in text)
    hidden = [one for one in page.content() if one in "\x1b\u202e\u202c\u2066\u200b"]
    expect("and is nowhere itself", hidden, [])
    width = page.evaluate("document.documentElement.scrollWidth")
    expect("long texts stay within the window", width <= 1280)
    reader.shoot(page, "hostile")


def main():
    folder, shots = os.path.abspath(sys.argv[1]), (sys.argv[2:] or [None])[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        reader = Reader(browser, folder, shots)
        for check in (check_filter, check_keyboard, check_faces, check_contents, check_many, check_daily_use, check_hostile):
            check(reader)
        browser.close()
    expect("no page complains", reader.talk, [])
    asked = [url for url in reader.requests if not url.startswith(f"file://{folder}/")]
    expect("no page asks for anything", asked, [])
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
