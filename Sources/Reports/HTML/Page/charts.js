// Distributions and intervals as SVG.

function svg(width, height, label, ...children) {
  return element("svg:svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...children);
}

const quantile = (sorted, share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];

function histogram(title, values, shown) {
  if (!values.length) return undefined;
  const sorted = Float64Array.from(values).sort();
  const [width, height, base] = [330, 110, 84];
  const low = sorted[0];
  const high = Math.max(quantile(sorted, 0.99), low + 1e-9);
  const bins = new Array(Math.min(33, Math.max(1, Math.ceil(Math.sqrt(sorted.length) * 2)))).fill(0);
  for (const value of sorted) bins[Math.min(bins.length - 1, Math.floor(((value - low) / (high - low)) * bins.length))] += 1;
  const most = Math.max(...bins);
  const wide = width / bins.length;
  const at = (value) => Math.min(width, ((value - low) / (high - low)) * width);
  const bars = bins.map((count, index) => element("svg:rect", {
    class: "bar", x: (index * wide).toFixed(1), width: Math.max(1, wide - 1).toFixed(1),
    y: (base - (count / most) * 66).toFixed(1), height: ((count / most) * 66).toFixed(1),
  }, element("svg:title", {}, `${number(count)}: ${shown(low + ((high - low) * index) / bins.length)} to ${shown(low + ((high - low) * (index + 1)) / bins.length)}`)));
  const [half, most95] = [quantile(sorted, 0.5), quantile(sorted, 0.95)];
  const marks = [["p50", half], ["p95", most95]].flatMap(([name, value]) => [
    element("svg:line", { class: "mark", x1: at(value).toFixed(1), x2: at(value).toFixed(1), y1: 12, y2: base }),
    element("svg:text", { x: Math.min(width - 26, at(value) + 3).toFixed(1), y: 14 }, name),
  ]);
  const ends = [
    element("svg:line", { class: "axis", x1: 0, x2: width, y1: base, y2: base }),
    element("svg:text", { x: 0, y: base + 15 }, shown(low)),
    element("svg:text", { x: width, y: base + 15, "text-anchor": "end" }, (sorted[sorted.length - 1] > high ? "≥ " : "") + shown(high)),
  ];
  return element("figure", {},
    element("figcaption", {}, `${title}: p50 ${shown(half)}, p95 ${shown(most95)}, most ${shown(sorted[sorted.length - 1])}`),
    svg(width, height, title, ...bars, ...ends, ...marks));
}

/// A share with the interval that it may be in.
function interval(rate, low, high) {
  const at = (share) => (4 + share * 132).toFixed(1);
  return svg(140, 16, `${percent(rate)}, between ${percent(low)} and ${percent(high)}`,
    element("svg:line", { class: "axis", x1: at(0), x2: at(1), y1: 8, y2: 8 }),
    element("svg:line", { class: "span", x1: at(low), x2: at(high), y1: 8, y2: 8 }),
    element("svg:circle", { class: "point", cx: at(rate), cy: 8, r: 3.5 }));
}

/// The share of passed cases from run to run, and the verdict of each; this run is the last one.
function trend(suite, index) {
  if (!suite.earlier) return undefined;
  const mine = cases.filter((each) => each.suite === index && each.decides);
  const count = (verdict) => mine.filter((each) => each.verdict === verdict).length;
  const now = { at: run.startedAt, verdict: suite.verdict, passed: count("passed"), failed: count("failed"), inconclusive: count("inconclusive") };
  const runs = [...suite.earlier, now];
  const [width, height, base] = [330, 110, 84];
  const share = (each) => each.passed / Math.max(1, each.passed + each.failed + each.inconclusive);
  const low = Math.min(0.9, ...runs.map(share));
  const x = (number) => 8 + (number * (width - 16)) / (runs.length - 1);
  const y = (each) => base - 6 - ((share(each) - low) / (1 - low)) * 66;
  const line = runs.map((each, number) => `${x(number).toFixed(1)},${y(each).toFixed(1)}`).join(" ");
  const points = runs.map((each, number) => element("svg:circle", {
    class: `run ${each.verdict}`, cx: x(number).toFixed(1), cy: y(each).toFixed(1), r: number === runs.length - 1 ? 5 : 3.5,
  }, element("svg:title", {}, `${each.at}: ${each.verdict}, ${number === runs.length - 1 ? "this run, " : ""}${each.passed} passed, ${each.failed} failed, ${each.inconclusive} inconclusive`)));
  const day = (each) => each.at.replace("T", " ").slice(0, 16);
  return element("figure", { class: "trend" },
    element("figcaption", {}, `${suite.name}: cases passed in ${counted(runs.length, "run")}, from ${percent(share(runs[0]))} to ${percent(share(now))}`),
    svg(width, height, `Trend of ${suite.name}`,
      element("svg:line", { class: "axis", x1: 0, x2: width, y1: base, y2: base }),
      element("svg:polyline", { class: "course", points: line }), ...points,
      element("svg:text", { x: 0, y: base + 15 }, day(runs[0])),
      element("svg:text", { x: width, y: base + 15, "text-anchor": "end" }, `${day(now)} UTC`)));
}

function drawCharts() {
  byID("charts").replaceChildren(...[
    ...run.suites.map(trend),
    histogram("Latency of a sample", cases.flatMap((each) => each.latencies), time),
    histogram("Tokens of a sample", cases.flatMap((each) => each.tokens), (value) => number(Math.round(value))),
  ].filter(Boolean));
}
