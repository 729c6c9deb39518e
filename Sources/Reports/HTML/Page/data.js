// The cases of the run: a line of JSON each for what a case came to, its declaration and its samples. Samples stay text
// until somebody looks at them; what the table and the charts need of them is gathered in slices.

const run = JSON.parse(byID("run").textContent);

const cases = [];
for (const block of document.querySelectorAll("script.cases")) {
  for (const line of block.textContent.split("\n")) {
    if (line.startsWith('{"tally":')) {
      cases.push({ index: cases.length, ...JSON.parse(line).tally, lines: [] });
    } else if (line.startsWith('{"case":')) {
      cases[cases.length - 1].declared = JSON.parse(line).case;
    } else if (line) {
      cases[cases.length - 1].lines.push(line);
    }
  }
  block.remove();
}

function group(each) {
  if (!each.decides) return "quarantine";
  if (each.verdict === "passed" && each.passed < each.taken) return "flaky";
  return each.verdict;
}
for (const each of cases) each.group = group(each);

const samplesOf = (each) => each.lines.map((line) => JSON.parse(line)).filter((entry) => entry.sample).map((entry) => entry.sample);
const notRunOf = (each) => each.lines.map((line) => JSON.parse(line)).find((entry) => entry.notRun)?.notRun.reason;

function gather(each) {
  if (each.text !== undefined) return;
  const words = [each.declared.id, each.declared.name, ...Object.entries(each.declared.labels ?? {}).map((pair) => pair.join("="))];
  each.latencies = [];
  each.tokens = [];
  for (const sample of samplesOf(each)) {
    let latency = 0;
    let tokens = 0;
    for (const turn of sample.turns) {
      const answer = turn.answer;
      latency += answer.latency / 1e6;
      tokens += answer.usage ? answer.usage.input + answer.usage.output : NaN;
      words.push(turn.input, answer.text, answer.error ?? "");
      for (const call of answer.toolCalls ?? []) words.push(call.name, JSON.stringify(call.arguments), call.result ?? "", call.error ?? "");
      for (const passage of answer.retrieved ?? []) words.push(passage.document);
      for (const outcome of turn.outcomes ?? []) {
        words.push(outcome.name, outcome.claim, outcome.reason ?? "");
        for (const each of outcome.ballots ?? []) words.push(...each.votes.map((vote) => vote.reason));
      }
    }
    if (sample.turns.length) {
      each.latencies.push(latency);
      if (!Number.isNaN(tokens)) each.tokens.push(tokens);
    }
    if (sample.problem) words.push(sample.problem.summary, sample.problem.detail);
  }
  each.latency = each.latencies.length ? Math.max(...each.latencies) : undefined;
  each.total = each.tokens.length === each.taken && each.taken ? each.tokens.reduce((sum, next) => sum + next, 0) : undefined;
  each.text = words.join("\n").toLowerCase();
}

let gathered = 0;
function gatherAll() {
  for (; gathered < cases.length; gathered += 1) gather(cases[gathered]);
}

/// Gathers what is left while nothing else is to be done.
function gatherInSlices(done) {
  const end = performance.now() + 12;
  while (gathered < cases.length && performance.now() < end) gather(cases[gathered++]);
  if (gathered < cases.length) setTimeout(gatherInSlices, 0, done);
  else done();
}
