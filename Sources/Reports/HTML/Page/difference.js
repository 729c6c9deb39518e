// What is expected beside what was said, line by line; where a line only changed, its changed middle is marked.

function lineChanges(expected, actual) {
  let start = 0;
  while (start < expected.length && start < actual.length && expected[start] === actual[start]) start += 1;
  let end = 0;
  while (end < expected.length - start && end < actual.length - start
    && expected[expected.length - 1 - end] === actual[actual.length - 1 - end]) end += 1;
  const [old, fresh] = [expected.slice(start, expected.length - end), actual.slice(start, actual.length - end)];
  return [
    ...expected.slice(0, start).map((line) => ["both", line]),
    ...middleChanges(old, fresh),
    ...expected.slice(expected.length - end).map((line) => ["both", line]),
  ];
}

function middleChanges(old, fresh) {
  if (old.length * fresh.length > 4e6) return [...old.map((line) => ["less", line]), ...fresh.map((line) => ["more", line])];
  const wide = fresh.length + 1;
  const common = new Uint32Array((old.length + 1) * wide);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      common[i * wide + j] = old[i] === fresh[j]
        ? common[(i + 1) * wide + j + 1] + 1 : Math.max(common[(i + 1) * wide + j], common[i * wide + j + 1]);
    }
  }
  const changes = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) { changes.push(["both", old[i]]); i += 1; j += 1; }
    else if (j >= fresh.length || (i < old.length && common[(i + 1) * wide + j] >= common[i * wide + j + 1])) { changes.push(["less", old[i]]); i += 1; }
    else { changes.push(["more", fresh[j]]); j += 1; }
  }
  return changes;
}

function marked(line, other) {
  const [mine, theirs] = [Array.from(line), Array.from(other)];
  let start = 0;
  while (start < mine.length && start < theirs.length && mine[start] === theirs[start]) start += 1;
  let end = 0;
  while (end < mine.length - start && end < theirs.length - start && mine[mine.length - 1 - end] === theirs[theirs.length - 1 - end]) end += 1;
  if (start + end < mine.length * 0.3) return [line];
  const cut = (from, to) => mine.slice(from, to).join("");
  return [cut(0, start), element("mark", {}, cut(start, mine.length - end)), cut(mine.length - end, mine.length)];
}

/// As many lines that went as came, one after the other, are versions of each other.
function pairsOf(changes) {
  const pairs = new Map();
  const end = (kind, from) => { let to = from; while (changes[to]?.[0] === kind) to += 1; return to; };
  for (let start = 0; start < changes.length; start += 1) {
    const middle = end("less", start);
    if (middle > start && end("more", middle) - middle === middle - start) {
      for (let index = start; index < middle; index += 1) {
        pairs.set(index, changes[index + middle - start][1]);
        pairs.set(index + middle - start, changes[index][1]);
      }
    }
    if (middle > start) start = middle - 1;
  }
  return pairs;
}

function compared(expected, actual) {
  const lines = (text) => visible(text).split("\n");
  if (expected === undefined || actual === undefined) {
    const [key, text] = expected === undefined ? ["actual", actual] : ["expected", expected];
    return element("div", { class: "compared" }, element("div", { class: "key" }, key), element("pre", { class: "both", dir: "auto" }, text));
  }
  const changes = lineChanges(lines(expected), lines(actual));
  const pairs = pairsOf(changes);
  const rows = changes.map(([kind, line], index) => {
    const pair = pairs.get(index);
    const sign = { both: "  ", less: "- ", more: "+ " }[kind];
    return element("pre", { class: kind }, sign, element("bdi", {}, ...(pair === undefined ? [line] : marked(line, pair))));
  });
  return element("div", { class: "compared" }, element("div", { class: "key" }, "expected (−) and actual (+)"), ...shortened(rows));
}

/// Without the equal lines that are far from any change.
function shortened(rows) {
  const changed = rows.map((row) => row.className !== "both");
  const shown = rows.map((_, index) => changed.slice(Math.max(0, index - 3), index + 4).some(Boolean));
  return rows.flatMap((row, index) => (shown[index] ? [row] : index === 0 || shown[index - 1]
    ? [element("div", { class: "key" }, "… equal lines")] : []));
}
