"""The page, opened in a real browser: it draws, reaches for nothing, fits its width, and is dark where wanted."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from matplotlib.image import imread

from axagents.project import Project
from tests.workflows.evaluation.conftest import Evaluate

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-default-apps", "--hide-scrollbars", "--virtual-time-budget=2000",
    "--enable-logging=stderr",
)  # fmt: skip
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
LOOK = """<script>
addEventListener("load", () => {
  const boxes = [...document.querySelectorAll("svg")].map(each => each.getBoundingClientRect());
  const wide = [...document.querySelectorAll("main *")].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !each.closest(".scroll");
  });
  document.title = JSON.stringify({
    drawn: boxes.filter(each => each.width > 100 && each.height > 100).length,
    lines: document.querySelectorAll("polyline").length,
    fetched: performance.getEntriesByType("resource").length,
    wide: wide.map(each => each.tagName + "." + each.className + " " + each.textContent.slice(0, 40)),
    scroll: document.documentElement.scrollWidth - innerWidth,
    paper: getComputedStyle(document.body).backgroundColor,
    heads: [...document.querySelectorAll("h2")].map(each => each.textContent),
  });
});
</script></body>"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for each in BROWSERS if (path := shutil.which(each))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    return found


def opened(browser: str, page: Path, *options: str, timeout: float = 120) -> str:
    command = [browser, *QUIET, f"--user-data-dir={page.parent}/profile", *options, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def page(judged: Project, evaluate: Evaluate, tmp_path: Path) -> Path:
    run = evaluate(evaluation_dataset="later", robustness=True, latency=True)
    text = (judged.root / run.result["page"]).read_text()
    # What the page would fetch, its own policy forbids, and the browser says so on its console; our look is let in.
    assert POLICY in text
    place = tmp_path / "page.html"
    place.write_text(text.replace(POLICY, f"{POLICY}; script-src 'unsafe-inline'").replace("</body>", LOOK))
    return place


@pytest.mark.parametrize("width", [1280, 520])
def test_the_page_draws_and_fits(browser: str, page: Path, width: int) -> None:
    told = opened(browser, page, "--dump-dom", f"--window-size={width},2000")
    title = re.search(r"<title>(\{.*\})</title>", told)
    assert title is not None
    seen = json.loads(title.group(1).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert seen["drawn"] == 4
    assert seen["lines"] == 11
    assert seen["fetched"] == 0
    assert (seen["wide"], seen["scroll"]) == ([], 0)
    assert ", ".join(seen["heads"]) == (
        "Performance, Fairness, Where it errs, What it leans on, Robustness, Latency, Thresholds, Comparison"
    )


def test_a_page_that_reaches_out_is_caught(browser: str, page: Path) -> None:
    page.write_text(page.read_text().replace("</body>", '<img src="https://example.com/a.png"></body>'))
    with pytest.raises(AssertionError, match="violates the following Content Security Policy"):
        opened(browser, page, "--dump-dom")


@pytest.mark.parametrize(("scheme", "dark"), [(1, False), (0, True)])
def test_the_page_is_dark_where_that_is_wanted(browser: str, page: Path, scheme: int, dark: bool) -> None:
    picture = page.with_name("page.png")
    opened(browser, page, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}")
    paper = imread(picture)[3, 3, :3].mean()
    assert (paper < 0.2) if dark else (paper > 0.9)
