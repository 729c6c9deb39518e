"""Uses an HTML report in Chromium as a reader does: looks, searches, filters, opens, moves with the keyboard.

    python check_html_report.py REPORT --cases 3000 --find tyre=2 [--shots FOLDER]

`--find WORDS=COUNT`: how many cases a search finds; several words must all be there. Chromium is asked by its debugging
pipe, so that nothing else is needed. Exit code 0 when everything is as it should be, else 1 and each thing that is not.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
problems: list[str] = []


def check(holds: object, message: str) -> None:
    if not holds:
        problems.append(message)


class Browser:
    """Chromium without a window, and one page in it."""

    def __init__(self, folder: str) -> None:
        program = os.environ.get("DROVER_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if not program:
            sys.exit("There is no Chromium. Install it (`apt-get install chromium`), or name one in DROVER_TEST_CHROMIUM.")
        (theirs_in, self.out), (self.incoming, theirs_out) = os.pipe(), os.pipe()

        def pass_pipes() -> None:  # Chromium reads from 3 and writes to 4.
            first, second = os.dup(theirs_in), os.dup(theirs_out)
            high = max(first, second, 10)
            os.dup2(first, high + 1), os.dup2(second, high + 2)
            os.dup2(high + 1, 3), os.dup2(high + 2, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={folder}",
             "--window-size=1280,850", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pass_pipes, close_fds=False)
        os.close(theirs_in), os.close(theirs_out)
        self.buffer = b""
        self.count = 0
        self.session = ""
        self.events: list[dict[str, Any]] = []
        pages = self.ask("Target.getTargets")["targetInfos"]
        page = next(each["targetId"] for each in pages if each["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        self.count += 1
        message = {"id": self.count, "method": method, "params": arguments}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            chunk = os.read(self.incoming, 1 << 20)
            if not chunk:
                raise RuntimeError("Chromium ended.")
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(line)

    def js(self, expression: str) -> Any:
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not self.js(expression):
            if time.monotonic() > end:
                raise RuntimeError(f"It never came true: {expression}")
            time.sleep(0.01)

    def press(self, key: str) -> None:
        named = {"ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39, "Enter": 13, "Escape": 27, "End": 35}
        code = named.get(key, ord(key[0].upper()))
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def shoot(self, path: pathlib.Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)

    def complaints(self) -> list[str]:
        """What a reader would see in red in the console."""
        found = []
        for event in self.events:
            method, told = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            if method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                found.append(told["entry"]["text"])
            if method == "Runtime.consoleAPICalled":
                found.append(str(told["args"]))
        return found

    def requests(self) -> list[str]:
        return [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]


SHOWN = "Number(document.getElementById('shown').textContent.split(' ')[0].replaceAll(',', ''))"
TITLE = "document.querySelector('#details h2').textContent"
CHOSEN = "document.querySelector('.case[aria-selected=true]')?.id"


def search(browser: Browser, words: str) -> int:
    browser.press("/")
    check(browser.js("document.activeElement.id") == "search", "`/` does not lead to the search.")
    browser.ask("Input.insertText", text=words)
    return browser.js(SHOWN)


def use(browser: Browser, options: argparse.Namespace) -> None:
    address = pathlib.Path(options.report).resolve().as_uri()
    begun = time.monotonic()
    browser.ask("Page.navigate", url=address)
    browser.wait("document.documentElement?.dataset.ready === 'yes'")
    opened = time.monotonic() - begun
    check(browser.js("document.querySelectorAll('svg').length") >= 2, "There are no distributions.")
    browser.js("document.querySelector('[data-filter=all]').click()")
    check(browser.js(SHOWN) == options.cases, f"{browser.js(SHOWN)} cases are shown, not {options.cases}.")
    rows = browser.js("document.querySelectorAll('.case').length")
    check(0 < rows <= 60, f"{rows} rows exist at once.")
    if options.shots:
        for look in ("light", "dark"):
            browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": look}])
            browser.shoot(pathlib.Path(options.shots) / f"report-{look}.png")
    colors = []
    for look in ("light", "dark"):
        browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": look}])
        colors.append(browser.js("getComputedStyle(document.body).backgroundColor"))
    check(colors[0] != colors[1], f"Light and dark are both {colors[0]}.")

    searched = 0.0
    for wanted in options.find:
        words, _, count = wanted.rpartition("=")
        begun = time.monotonic()
        found = search(browser, words)
        searched = max(searched, time.monotonic() - begun)
        check(found == int(count), f"`{words}` finds {found} cases, not {count}.")
        browser.press("Escape")
        check(browser.js(SHOWN) == options.cases, "Escape does not clear the search.")
        browser.press("Escape")
        check(browser.js("document.activeElement.id") == "list", "A second Escape does not lead to the cases.")

    for name in browser.js("[...document.querySelectorAll('[data-filter]')].map((each) => each.dataset.filter)"):
        count = browser.js(f"document.querySelector('[data-filter={name}]').click(), {SHOWN}")
        told = browser.js(f"document.querySelector('[data-filter={name}]').textContent")
        check(count > 0 and told.endswith(f" {count:,}"), f"The filter `{told}` shows {count}.")
        chosen = browser.js(f"document.getElementById({CHOSEN}).children[1].textContent")
        check(browser.js(TITLE) == chosen, f"With the filter `{told}`, {chosen} is chosen, and another case shown.")
    browser.js("document.querySelector('[data-filter=all]').click()")

    browser.js("document.getElementById('list').focus()")
    browser.press("End")
    last = browser.js(CHOSEN)
    check(last == f"case-{options.cases - 1}", f"The last case is not chosen by End, but {last}.")
    browser.press("ArrowUp")
    check(browser.js(CHOSEN) == f"case-{options.cases - 2}" or options.cases < 2, "ArrowUp does not choose the case before.")
    title = browser.js(f"document.getElementById({CHOSEN}).children[1].textContent")
    check(browser.js(TITLE) == title, "The chosen case is not shown.")
    browser.press("Enter")
    check(browser.js("document.activeElement.id") == "details", "Enter does not lead to the case.")
    browser.press("Escape")
    check(browser.js("document.activeElement.id") == "list", "Escape does not lead back.")
    samples = browser.js("document.querySelectorAll('[role=tab]').length")
    if samples > 1:
        tab = "[...document.querySelectorAll('[role=tab]')].findIndex((each) => each.ariaSelected === 'true')"
        before = browser.js(tab)
        browser.press("ArrowRight" if before + 1 < samples else "ArrowLeft")
        check(abs(browser.js(tab) - before) == 1, "Left and right do not move between samples.")
    trends = browser.js(
        "[...document.querySelectorAll('figure.trend')].map((each) => each.querySelectorAll('circle.run').length).join()")
    check(trends == options.trends, f"The trends show {trends or 'no'} runs, not {options.trends or 'none'}.")
    for text in options.says:
        check(text in browser.js("document.getElementById('details').innerText"), f"The case does not say `{text}`.")

    check(browser.js("document.querySelectorAll('b.injected, img, iframe, object, link').length") == 0, "There is markup of an answer.")
    check(browser.requests() == [address], f"It asks for {browser.requests()[1:]}.")
    if options.most_seconds:
        check(opened <= options.most_seconds, f"It was ready after {opened:.2f} s.")
        check(searched <= options.most_seconds, f"A search took {searched:.2f} s.")
    print(f"{options.report}: ready after {opened:.2f} s, searched in {searched:.2f} s, {len(problems)} problems.")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--find", action="append", default=[])
    parser.add_argument("--says", action="append", default=[], help="what the last case but one shows")
    parser.add_argument("--most-seconds", type=float)
    parser.add_argument("--trends", default="", help="how many runs the trend of each suite shows, as 3,2")
    parser.add_argument("--shots")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            use(browser, options)
        except RuntimeError as error:
            problems.append(str(error))
        finally:
            problems.extend(f"The console says: {complaint}" for complaint in browser.complaints())
            browser.close()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
