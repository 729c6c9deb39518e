// Making elements. Text from outside only ever becomes text, with what would control its display made visible.
"use strict";

const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069\u061C\u200E\u200F\uFEFF]/g;

/// A browser would lay out millions of characters for minutes.
const longest = 100000;

function bounded(text) {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest)}… (${number(text.length)} characters: the rest is in the log of the run)`;
}

function visible(text) {
  return bounded(String(text)).replace(/\r\n/g, "\n").replace(controls, (each) => `\\u{${each.codePointAt(0).toString(16).toUpperCase()}}`);
}

function element(name, properties = {}, ...children) {
  const made = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key === "does") made.addEventListener("click", value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((each) => each !== undefined && each !== null && each !== "").map(
    (each) => (each instanceof Node ? each : visible(each))));
  return made;
}

const byID = (id) => document.getElementById(id);
const signs = { passed: "✓", failed: "✗", inconclusive: "?", error: "?" };

function time(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60000)} min ${Math.round((milliseconds % 60000) / 1000)} s`;
}

const number = (value) => value.toLocaleString("en-US");
const percent = (share) => `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 1)} %`;
const counted = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

/// `specs/helpdesk.yaml:18:17-18:26` as `specs/helpdesk.yaml:18`.
const place = (text) => text.replace(/^(.*):(\d+):\d+-\d+:\d+$/, "$1:$2");
