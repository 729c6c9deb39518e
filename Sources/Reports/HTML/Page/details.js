// One case: what it came to, and the transcripts of its samples.

function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function call(each) {
  const parts = [element("div", {}, element("b", {}, "⚙ ", each.name),
    each.tool && each.tool !== each.name ? element("span", { class: "faint" }, ` of ${each.tool}`) : "")];
  parts.push(element("pre", { class: "box" }, pretty(each.arguments)));
  if (each.result !== undefined) parts.push(element("pre", { class: "box", dir: "auto" }, "→ ", each.result));
  if (each.error !== undefined) parts.push(element("pre", { class: "box failed" }, "→ ", each.error));
  return element("div", { class: "call" }, ...parts);
}

function passage(each) {
  return element("div", { class: "passage" },
    element("div", {}, element("b", {}, "❝ ", each.document),
      each.score === undefined ? "" : element("span", { class: "faint" }, ` score ${Number(each.score).toFixed(3)}`)),
    each.text === undefined ? "" : element("pre", { class: "box", dir: "auto" }, each.text));
}

/// How a judge voted, and why.
function ballot(each) {
  const isFor = (vote) => vote.passes ?? vote.mark >= each.atLeast;
  const yes = each.votes.filter(isFor).length;
  const facts = [`${yes} of ${counted(each.votes.length, "vote")} for it`,
    each.minAgreement === undefined ? undefined : `agreement of at least ${percent(each.minAgreement)}`, each.model];
  return element("div", { class: "why" },
    element("div", { class: "faint" }, `judge ${each.judge}: ${facts.filter(Boolean).join(", ")}`),
    ...each.votes.map((vote) => element("div", { dir: "auto" },
      element("b", { class: isFor(vote) ? "passed" : "failed" }, vote.mark === undefined ? signs[isFor(vote) ? "passed" : "failed"] : vote.mark),
      ` ${vote.reason}`)));
}

/// - isBrief: without what stands above already.
function claim(outcome, isBrief = false) {
  return element("div", { class: "claim" },
    element("div", {}, element("b", { class: outcome.result }, signs[outcome.result]),
      element("span", { dir: "auto" }, `${outcome.name}: ${outcome.claim}`),
      element("span", { class: "faint" }, place(outcome.place))),
    ...(isBrief ? [] : [
      outcome.reason === undefined ? "" : element("div", { class: "why", dir: "auto" }, outcome.reason),
      ...(outcome.notes ?? []).map((note) => element("div", { class: "why" }, `– ${note.text}`)),
      outcome.expected === undefined && outcome.actual === undefined ? "" : compared(outcome.expected, outcome.actual),
    ]),
    ...(isBrief ? [] : (outcome.ballots ?? []).map(ballot)));
}

/// What was missed, before everything else.
function missed(sample) {
  const all = sample.turns.flatMap((each, index) => (each.outcomes ?? []).filter((outcome) => outcome.result !== "passed")
    .map((outcome) => element("div", { class: "missed" },
      sample.turns.length > 1 ? element("div", { class: "who" }, `Turn ${index + 1}`) : "", claim(outcome))));
  return all.length ? [element("div", {}, ...all)] : [];
}

function turn(each, index, all) {
  const answer = each.answer;
  const facts = [
    answer.status === "completed" ? undefined : answer.status,
    time(answer.latency / 1e6),
    answer.firstToken === undefined ? undefined : `first token after ${time(answer.firstToken / 1e6)}`,
    answer.usage ? `${number(answer.usage.input)} + ${number(answer.usage.output)} tokens` : undefined,
    answer.steps === undefined ? undefined : counted(answer.steps, "step"),
    answer.cited ? `cites ${answer.cited.join(", ")}` : undefined,
    answer.fallback ? `chat completions answered: ${answer.fallback}` : undefined,
  ].filter(Boolean);
  const captured = Object.entries(each.captured ?? {}).map(([key, value]) => `${key} = ${pretty(value)}`);
  const calls = [...(answer.toolCalls ?? []), ...(answer.pendingCalls ?? [])];
  return element("article", { class: "turn" },
    element("div", { class: "question" }, element("div", { class: "who" }, all.length > 1 ? `Question ${index + 1}` : "Question"),
      element("div", { class: "said", dir: "auto" }, each.input)),
    calls.length ? element("div", {}, element("div", { class: "who" }, "Tool calls"), ...calls.map(call)) : "",
    answer.retrieved ? element("div", {}, element("div", { class: "who" }, "Retrieved"), ...answer.retrieved.map(passage)) : "",
    element("div", {}, element("div", { class: "who" }, "Answer"),
      answer.hasMessage ? element("div", { class: "said", dir: "auto" }, answer.text) : element("div", { class: "faint" }, "no message"),
      answer.error === undefined ? "" : element("div", { class: "failed" }, answer.error)),
    each.outcomes ? element("div", {}, element("div", { class: "who" }, "Expected"), ...each.outcomes.map((outcome) => claim(outcome, outcome.result !== "passed"))) : "",
    element("div", { class: "faint" }, [...facts, ...captured].join(" · ")));
}

function problem(diagnostic) {
  return element("div", { class: "claim" },
    element("div", {}, element("b", { class: "error" }, "!"), element("b", {}, diagnostic.summary),
      diagnostic.place ? element("span", { class: "faint" }, place(diagnostic.place)) : ""),
    element("div", { class: "why" }, diagnostic.detail),
    diagnostic.fix ? element("div", { class: "why faint" }, diagnostic.fix) : "");
}

function traceLink(each, sample) {
  const experiment = run.suites[each.suite].experimentID;
  if (!sample.trace || !run.mlflow || experiment === undefined || !/^https?:\/\//.test(run.mlflow)) return "";
  const address = `${run.mlflow}/#/experiments/${encodeURIComponent(experiment)}/traces?selectedEvaluationId=${encodeURIComponent(sample.trace)}`;
  return element("a", { href: address, rel: "noopener noreferrer" }, "Trace in MLflow");
}

function facts(each) {
  const declared = each.declared;
  return [
    `${each.passed} of ${counted(each.taken, "sample")} passed`,
    each.interval ? `between ${percent(each.interval[0])} and ${percent(each.interval[1])}` : undefined,
    each.change && each.change !== "same" ? `beside the baseline: ${each.change}` : undefined,
    each.trend,
    each.earlier ? `from run to run: ${[...each.earlier, `${each.passed}/${each.known}`].join(" → ")}` : undefined,
    each.more,
    ...Object.entries(declared.labels ?? {}).map((pair) => pair.join("=")),
    place(declared.place),
    declared.quarantine ? `in quarantine until ${declared.quarantine.until}: ${declared.quarantine.reason}` : undefined,
  ].filter(Boolean);
}

let openSample = 0;
function showDetails(each, chosen) {
  const pane = byID("details");
  pane.scrollTop = 0;
  if (!each) { pane.replaceChildren(element("p", { class: "empty" }, "No case is chosen.")); return; }
  const samples = samplesOf(each);
  const reason = notRunOf(each);
  openSample = chosen ?? Math.max(0, samples.findIndex((sample) => sample.verdict !== "passed"));
  const sample = samples[openSample];
  const tabs = samples.length > 1 ? [element("div", { class: "row", role: "tablist", "aria-label": "Samples" },
    ...samples.map((one, index) => element("button", {
      role: "tab", "aria-selected": String(index === openSample), does: () => showDetails(each, index),
    }, element("span", { class: one.verdict }, signs[one.verdict]), ` ${one.number}`)))] : [];
  pane.replaceChildren(
    element("div", { class: "row" }, element("h2", { dir: "auto" }, each.declared.id), element("b", { class: each.group }, `${signs[each.verdict]} ${each.verdict}`)),
    element("div", { class: "faint" }, facts(each).join(" · ")),
    ...tabs,
    ...(reason ? [problem(reason)] : []),
    ...(sample ? [
      element("div", { class: "row" }, sample.attempts > 1 ? element("span", { class: "faint" }, counted(sample.attempts, "attempt")) : "", traceLink(each, sample)),
      ...(sample.problem ? [problem(sample.problem)] : []),
      ...missed(sample),
      ...sample.turns.map(turn),
    ] : []));
}

/// Shows the sample before or after the one that is shown.
function moveSample(each, step) {
  const count = each ? samplesOf(each).length : 0;
  if (openSample + step >= 0 && openSample + step < count) showDetails(each, openSample + step);
}
