"""Writes documents.jsonl: RFC 8259 documents, each with the value that Python's json reads or the code of our refusal.

    python3 Tests/LanguageTests/JSON/generate.py

One line a document: [text, value], or [text, null, code] for what is refused. The seed is fixed: equal runs, equal bytes.
"""

import json
import pathlib
import random

chance = random.Random(8259)
SPACES = [" ", "\n", "\t", "\r\n", "  ", ""]
CHARACTERS = ['"', "\\", "/", "\b", "\f", "\n", "\r", "\t", "\0", "\x1b", "a", "é", "日", "😀", "𝄞", "\u2028", "\u2029",
              "\x85", "\xa0", " ", "#", ": ", "- ", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "'", "%", "@", "`", "${",
              "\ufffd", "\ue000", "\ue03d", "~", "null", "0x1", "<<", "---", "..."]
SHORT = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\", "/": "\\/"}


def escaped(character):
    units = character.encode("utf-16-be")
    style = chance.choice(["%04x", "%04X"])
    return "".join("\\u" + style % int.from_bytes(units[i:i + 2], "big") for i in range(0, len(units), 2))


def spelled(text):
    """One of the ways to write a string."""
    written = ""
    for character in text:
        ways = [escaped(character)]
        if character in SHORT:
            ways.append(SHORT[character])
        if character == "/" or (character >= " " and character not in '"\\'):
            ways += [character] * 3
        written += chance.choice(ways)
    return '"' + written + '"'


def string(most=8):
    return "".join(chance.choice(CHARACTERS) for _ in range(chance.randrange(most)))


def number():
    return chance.choice([
        str(chance.randrange(-10, 10)), str(chance.randrange(-2**63, 2**63)), "-0", "0", str(2**63 - 1), str(-2**63),
        repr(chance.uniform(-1e6, 1e6)), "%de%d" % (chance.randrange(-99, 99), chance.randrange(-300, 300)),
        "%d.%dE+%d" % (chance.randrange(99), chance.randrange(99), chance.randrange(300)), "-0.0", "1e-400", "5e-324",
        "1.7976931348623157e308", "0.1", "123456789.123456789",
    ])


def space():
    return chance.choice(SPACES) if chance.random() < 0.3 else ""


def document(depth):
    kind = chance.randrange(7 if depth else 4)
    if kind == 0:
        return chance.choice(["null", "true", "false"])
    if kind == 1:
        return number()
    if kind in (2, 3):
        return spelled(string())
    if kind == 4:
        return "[" + ",".join(space() + document(depth - 1) + space() for _ in range(chance.randrange(5))) + space() + "]"
    keys = {string(4) for _ in range(chance.randrange(5))}
    # A line break before the colon is refused; it has a document of its own.
    entries = (space() + spelled(k) + chance.choice(["", " ", "\t"]) + ":" + space() + document(depth - 1) + space()
               for k in sorted(keys))
    return "{" + ",".join(entries) + space() + "}"


def read():
    yield from (document(4) for _ in range(600))
    yield spelled("".join(chance.choice(CHARACTERS) for _ in range(20_000)))
    yield json.dumps(["😀" * 500, "x" * 5_000])
    yield "[" * 64 + "]" * 64
    yield '{"a":' * 63 + "[]" + "}" * 63
    yield '{"' + "k" * 1_000 + '": 1}'
    yield '  \n {"a": 1} \n\n'
    yield '{"<<": {"a": 1}}'
    yield '["\ufeff"]'
    yield json.dumps({str(i): i for i in range(2_000)})
    for number in (2**63, -2**63 - 1, 10**400):
        yield "[%d]" % number


def refused():
    yield '{"' + "k" * 1_100 + '": 1}', "key-too-long"
    yield '{"a"\n: 1}', "colon-on-next-line"
    yield '\t{"a": 1}', "tab"
    for character in "\x7f\x80\x9f\ufffe\uffff":
        yield '["a%sb"]' % character, "control-character"
    yield '{"a": 1, "a": 2}', "duplicate-key"
    yield "[" * 65 + "]" * 65, "too-deep"
    yield "[1e400]", "number-out-of-range"
    for text in ("\\ud83d", "\\ude00", "\\ude00\\ud83d", "\\ud83d\\ud83d\\ude00", "\\ud83dx\\ude00", "\\ud83d\\u0041"):
        yield '["%s"]' % text, "lone-surrogate"


lines = [json.dumps([text, json.loads(text)]) for text in read()]
lines += [json.dumps([text, None, code]) for text, code in refused() if json.loads(text) is not None]
pathlib.Path(__file__).with_name("documents.jsonl").write_text("\n".join(lines) + "\n")
