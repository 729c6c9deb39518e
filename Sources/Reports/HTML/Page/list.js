// The table of cases: only the rows in sight exist.

const rowHeight = 32;
const list = byID("list");
const space = byID("space");
const filters = [
  ["all", "All"], ["failed", "Failed"], ["inconclusive", "Inconclusive"], ["flaky", "Flaky"], ["worse", "Worse"],
  ["better", "Better"],  ["quarantine", "Quarantine"], ["passed", "Passed"],
];
const wanted = { text: "", filter: "all", suite: "", order: "declared" };
let shown = cases;
let chosen = -1;
let read;

function fits(each, filter) {
  if (filter === "all") return true;
  if (filter === "worse" || filter === "better") return each.change === filter;
  if (filter === "passed") return each.group === "passed" || each.group === "flaky";
  return each.group === filter;
}

const orders = {
  slow: (left, right) => (right.latency ?? -1) - (left.latency ?? -1),
  tokens: (left, right) => (right.total ?? -1) - (left.total ?? -1),
  rate: (left, right) => left.passed / (left.taken || 1) - right.passed / (right.taken || 1),
};

/// Chooses which cases are shown, and keeps the chosen one when it is among them.
function refine() {
  const before = read;
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length || wanted.order !== "declared") gatherAll();
  shown = cases.filter((each) => fits(each, wanted.filter) && (wanted.suite === "" || each.suite === Number(wanted.suite))
    && words.every((word) => each.text.includes(word)));
  if (orders[wanted.order]) shown.sort((left, right) => orders[wanted.order](left, right) || left.index - right.index);
  byID("shown").textContent = `${number(shown.length)} of ${counted(cases.length, "case")}`;
  const kept = before ? shown.indexOf(before) : -1;
  list.scrollTop = 0;
  choose(kept >= 0 ? kept : shown.length ? 0 : -1);
}

function row(each, index) {
  const made = element("div", {
    class: "case", role: "option", id: `case-${each.index}`, "aria-selected": String(index === chosen),
    "aria-setsize": shown.length, "aria-posinset": index + 1, does: () => choose(index),
  },
  element("b", { class: each.group }, signs[each.verdict]),
  element("span", { dir: "auto", title: visible(each.declared.id) }, each.declared.id),
  element("span", { class: `number ${each.group}` }, each.wanted > 1 ? `${each.passed} of ${each.taken}` : ""),
  element("span", { class: "number" }, each.slowest === undefined ? "" : time(each.slowest)),
  element("span", { class: "number" }, each.used === undefined ? "" : `${number(each.used)} t`));
  made.style.top = `${index * rowHeight}px`;
  return made;
}

function draw() {
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 6);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / rowHeight) + 6);
  space.style.height = `${shown.length * rowHeight}px`;
  space.replaceChildren(...shown.slice(first, last).map((each, offset) => row(each, first + offset)));
  if (!shown.length) space.append(element("p", { class: "empty" }, "No case is like that."));
  if (shown[chosen]) list.setAttribute("aria-activedescendant", `case-${shown[chosen].index}`);
  else list.removeAttribute("aria-activedescendant");
}

function choose(index) {
  const each = shown[index];
  const isOther = each !== read || !byID("details").childElementCount;
  chosen = index;
  read = each;
  if (each) {
    const top = index * rowHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + rowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight - list.clientHeight;
    try { history.replaceState(null, "", `#${encodeURIComponent(each.declared.id)}`); } catch { /* Not where a page has no address. */ }
  }
  draw();
  if (isOther) showDetails(each);
}

function drawFilters() {
  byID("filters").replaceChildren(...filters
    .map(([name, title]) => [name, title, cases.filter((each) => fits(each, name)).length])
    .filter(([name, , count]) => name === "all" || count > 0)
    .map(([name, title, count]) => element("button", {
      "aria-pressed": String(wanted.filter === name), "data-filter": name,
      does: () => { wanted.filter = name; drawFilters(); refine(); },
    }, `${title} ${number(count)}`)));
}
