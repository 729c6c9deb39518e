// The summary above the cases, and the keyboard.

function rule(outcome) {
  const text = `${signs[outcome.verdict]} ${outcome.name} ${outcome.wanted}; it was: ${outcome.actual}`;
  return element("div", { class: outcome.verdict }, text,
    outcome.place && outcome.verdict !== "passed" ? element("span", { class: "faint" }, ` ${outcome.place.file}:${outcome.place.line}`) : "");
}

function suiteRow(suite, index) {
  const mine = cases.filter((each) => each.suite === index);
  const decided = mine.filter((each) => each.decides);
  const count = (name) => mine.filter((each) => each.group === name).length;
  const counts = [["passed", count("passed") + count("flaky")], ["failed", count("failed")], ["inconclusive", count("inconclusive")], ["quarantine", count("quarantine")]]
    .filter(([, many]) => many).flatMap(([name, many]) => [element("span", { class: name }, `${number(many)} ${name === "quarantine" ? "in quarantine" : name}`), " "]);
  const known = decided.filter((each) => each.verdict !== "inconclusive");
  const rate = known.length ? known.filter((each) => each.verdict === "passed").length / known.length : 0;
  const order = { failed: 0, inconclusive: 1, passed: 2 };
  return element("tr", {},
    element("td", { class: suite.verdict }, `${signs[suite.verdict]} ${suite.verdict}`),
    element("td", {}, element("b", { dir: "auto" }, suite.name), element("div", { class: "faint" }, `agent ${suite.agent}`)),
    element("td", {}, ...counts, suite.interval ? element("div", { class: "row" }, interval(rate, suite.interval[0], suite.interval[1]),
      element("span", { class: "faint" }, `${percent(suite.interval[0])} to ${percent(suite.interval[1])}`)) : ""),
    element("td", { class: "rules" }, ...[...suite.thresholds].sort((left, right) => order[left.verdict] - order[right.verdict]).map(rule)),
    element("td", {}, ...(suite.said ?? []).map((line) => element("div", {}, line)), ...(suite.judges ?? []).map(judged), ...changed(suite.baseline)));
}

/// How many answers a judge found good: corrected, where it is known how often it is wrong.
function judged(judge) {
  return element("div", { class: "row" }, interval(...judge.rate), element("span", {}, `judge ${judge.text}`));
}

/// What changed since the baseline.
function changed(baseline) {
  if (!baseline) return [];
  return [
    element("div", {}, element("b", {}, baseline.text), element("span", { class: "faint" }, ` beside ${baseline.name}`)),
    ...baseline.tests.map((line) => element("div", { class: "faint" }, line)),
    baseline.gone.length ? element("div", { class: "faint" }, `no longer there: ${baseline.gone.join(", ")}`) : "",
  ];
}

function drawSummary() {
  byID("title").textContent = visible(run.stack);
  byID("verdict").textContent = `${signs[run.verdict]} ${run.verdict}`;
  byID("verdict").classList.add(run.verdict);
  byID("counts").textContent = run.counts;
  byID("facts").replaceChildren(...[
    `started ${run.startedAt}`, `took ${run.took}`, `drover ${run.drover}`, run.served ? `served at ${run.served}` : undefined,
  ].filter(Boolean).map((each) => element("span", {}, each)));
  byID("suites").replaceChildren(element("table", { class: "suites" },
    element("thead", {}, element("tr", {}, ...["Verdict", "Suite", "Cases", "Thresholds", run.suites.some((each) => each.said || each.judges || each.baseline) ? "Statistics" : ""]
      .map((title) => element("th", {}, title)))),
    element("tbody", {}, ...run.suites.map(suiteRow))));
}

function isTyping(place) {
  return place instanceof HTMLInputElement || place instanceof HTMLSelectElement;
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const place = event.composedPath()[0];
  const search = byID("search");
  const pane = byID("details");
  const page = Math.max(1, Math.floor(list.clientHeight / rowHeight) - 1);
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -shown.length, End: shown.length };
  if (event.key === "/" && !isTyping(place)) { search.focus(); search.select(); }
  else if (event.key === "Escape" && place === search && search.value) { search.value = ""; wanted.text = ""; refine(); }
  else if (event.key === "Escape") { list.focus(); }
  else if (event.key === "Enter" && (place === list || place === search)) { pane.focus(); }
  else if (["ArrowLeft", "ArrowRight"].includes(event.key) && !isTyping(place)) moveSample(shown[chosen], event.key === "ArrowLeft" ? -1 : 1);
  else if (event.key in steps && (place === list || place === document.body
    || (place === search && event.key.startsWith("Arrow")))) {
    if (place !== list) list.focus();
    if (shown.length) choose(Math.min(shown.length - 1, Math.max(0, chosen + steps[event.key])));
  } else return;
  event.preventDefault();
}

drawSummary();
byID("suite").replaceChildren(element("option", { value: "" }, "all suites"),
  ...run.suites.map((suite, index) => element("option", { value: index }, suite.name)));
byID("suite").hidden = run.suites.length < 2;
drawFilters();
byID("search").addEventListener("input", () => { wanted.text = byID("search").value; refine(); });
byID("suite").addEventListener("change", () => { wanted.suite = byID("suite").value; refine(); });
byID("order").addEventListener("change", () => { wanted.order = byID("order").value; refine(); });
list.addEventListener("scroll", draw, { passive: true });
addEventListener("resize", draw);
addEventListener("keydown", pressed);

const linked = (() => { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; } })();
wanted.filter = !linked && cases.some((each) => fits(each, "failed")) ? "failed" : "all";
drawFilters();
refine();
if (linked) choose(Math.max(0, shown.findIndex((each) => each.declared.id === linked)));
list.focus({ preventScroll: true });
gatherInSlices(() => { drawCharts(); document.documentElement.dataset.ready = "yes"; });
