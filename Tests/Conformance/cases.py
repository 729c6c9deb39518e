"""The requests that are put to all three servers: the recorded ones, and one for each thing that a request can be.

A name is `kind/what`, which `differences.yaml` selects by.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JSON = {"Content-Type": "application/json"}
HI = [{"role": "user", "content": "hi"}]
MIB = 1024 * 1024


@dataclass(frozen=True)
class Case:
    name: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    method: str = "POST"
    path: str = "/invocations"
    # What MLflow's servers answered when it was recorded.
    recorded: dict[str, int] = field(default_factory=dict)


def ask(name: str, fields: Any, **more: Any) -> Case:
    return Case(name, json.dumps(fields).encode(), **more)


def recorded() -> Iterator[Case]:
    """Of MLflow 3.18.0: `mlflow models serve` and AgentServer (../shared/reference/mlflow/wire)."""
    for each in json.loads((Path(__file__).parent / "recorded.json").read_text()):
        body = each["raw"].encode() if "raw" in each else json.dumps(each["body"]).encode() if "body" in each else None
        yield Case(
            f"recorded/{each['label']}", body, each.get("headers", {}), each["method"], each["path"], each["recorded"])


def good() -> Iterator[Case]:
    said = [{"role": "user", "content": "One"}, {"role": "assistant", "content": "1"}, {"role": "user", "content": "Two"}]
    yield ask("good/conversation", {"input": said})
    for name, value in {
        "temperature": 0.5, "temperature of a whole number": 1, "top_p": 0.9, "max_output_tokens": 20, "user": "alice",
        "metadata": {"a": "b"}, "custom_inputs": {"a": [1, None, {"b": True}]}, "context": {"conversation_id": "c"},
        "store": False, "background": False, "truncation": "disabled", "parallel_tool_calls": True, "tool_choice": "auto",
        "tools": [], "text": {"format": {"type": "text"}}, "reasoning": {}, "model": "support",
    }.items():
        yield ask(f"good/{name}", {"input": HI, name.split(" ")[0]: value})
    yield ask("good/context of a user", {"input": HI, "context": {"user_id": "u"}})
    yield ask("good/empty context", {"input": HI, "context": {}})
    function = {"type": "function", "name": "now", "description": "The time", "parameters": {"type": "object", "properties": {}}}
    yield ask("good/a function", {"input": HI, "tools": [function]})
    yield ask("good/a strict function", {"input": HI, "tools": [function | {"strict": True}]})


def wrong_types() -> Iterator[Case]:
    """Each field with values of every type that it has not."""
    values: dict[str, Any] = {"null": None, "true": True, "a number": 7, "a text": "x", "a list": ["x"], "an object": {"x": 1}}
    fields = {
        "input": {"null", "true", "a number", "a list", "an object"},
        "stream": {"null", "a number", "a text", "a list"}, "custom_inputs": {"null", "true", "a text", "a list"},
        "context": {"null", "a text", "a list", "an object"}, "temperature": {"null", "true", "a number", "a text", "a list"},
        "top_p": {"null", "a text", "an object"}, "max_output_tokens": {"null", "true", "a text", "a list"},
        "tools": {"null", "a text", "a list", "an object"}, "tool_choice": {"null", "a number", "a text", "an object"},
        "metadata": {"null", "a text", "a list", "an object"}, "user": {"null", "a number", "an object"},
        "store": {"null", "true", "a text"}, "background": {"null", "true", "a text"},
        "truncation": {"null", "a number", "a text"}, "parallel_tool_calls": {"null", "a text", "a list"},
        "reasoning": {"null", "a text", "an object"}, "text": {"null", "a text", "an object"},
        "model": {"null", "a number", "a text"}, "previous_response_id": {"null", "a text"},
        "instructions": {"null", "a text"}, "prompt": {"an object"}, "conversation": {"a text"},
        "include": {"a text", "a list"}, "max_tool_calls": {"a number"}, "top_logprobs": {"a number"},
    }
    for name, kinds in fields.items():
        for kind in sorted(kinds):
            yield ask(f"types/{name} is {kind}", {"input": HI, name: values[kind]})
    for name, context in {
        "conversation_id is a number": {"conversation_id": 7}, "user_id is a list": {"user_id": ["x"]},
        "conversation_id is null": {"conversation_id": None},
    }.items():
        yield ask(f"types/context.{name}", {"input": HI, "context": context})
    for name, value in {
        "temperature is negative": -1, "temperature is large": 3, "temperature is a number in a text": "0.5",
        "top_p is large": 2, "max_output_tokens is 0": 0, "max_output_tokens is negative": -1, "max_output_tokens is a half": 1.5,
        "max_output_tokens is 20.0": 20.0, "tool_choice is required": "required", "tool_choice is none": "none",
        "truncation is auto": "auto",
    }.items():
        yield ask(f"values/{name}", {"input": HI, name.split(" ")[0]: value})


def bodies() -> Iterator[Case]:
    for name, body in {
        "nothing": b"", "white space": b"  \n", "null": b"null", "a list": b"[]", "a list of requests": b'[{"input": []}]',
        "a text": b'"hi"', "a number": b"7", "cut": b'{"input": [{"role": "us', "two": b"{}{}", "with a comma at its end": b'{"input": [],}',
        "with a comment": b'{"input": [] /* x */}', "with single quotes": b"{'input': []}", "NaN": b'{"input": [{"role":"user","content":"hi"}], "temperature": NaN}',
        "the same key twice": b'{"input": [{"role":"user","content":"hi"}], "user": "a", "user": "b"}',
        "YAML": b"input: [{role: user, content: hi}]", "with a byte order mark": b'\xef\xbb\xbf{"input": [{"role":"user","content":"hi"}]}',
        "UTF-16": json.dumps({"input": HI}).encode("utf-16"), "a form": b"input=hi",
        "with white space around": b'\n\t {"input": [{"role":"user","content":"hi"}]} \r\n',
        "a number beyond a double": b'{"input": [{"role":"user","content":"hi"}], "temperature": 1e999}',
        "dataframe_split": b'{"dataframe_split": {"columns": ["input"], "data": [["hi"]]}}',
        "inputs": b'{"inputs": {"input": [{"role":"user","content":"hi"}]}}', "messages": b'{"messages": [{"role": "user", "content": "hi"}]}',
    }.items():
        yield Case(f"bodies/{name}", body)


def items() -> Iterator[Case]:
    call = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "1", "annotations": []}]}
    lists: dict[str, list[Any]] = {
        "nothing": [], "a text": ["hi"], "null": [None], "a number": [7], "a list": [[]], "an empty object": [{}],
        "an answer as it was": [*HI, said, *HI], "an answer without an id": [*HI, {k: v for k, v in said.items() if k != "id"}, *HI],
        "a refusal": [*HI, said | {"content": [{"type": "refusal", "refusal": "No."}]}, *HI],
        "a call without an id": [*HI, call, output], "a call with an id": [*HI, call | {"id": "fc_1"}, output],
        "a call without arguments": [*HI, {k: v for k, v in call.items() if k != "arguments"}, output],
        "a call without a name": [*HI, {k: v for k, v in call.items() if k != "name"}, output],
        "a call without a call_id": [*HI, {k: v for k, v in call.items() if k != "call_id"}, output],
        "a call with arguments as an object": [*HI, call | {"arguments": {}}, output],
        "a call with another status": [*HI, call | {"status": "failed"}, output],
        "an output without a call_id": [*HI, call, {"type": "function_call_output", "output": "1"}],
        "an output without output": [*HI, call, {"type": "function_call_output", "call_id": "c1"}],
        "an output of a number": [*HI, call, output | {"output": 7}], "an output that is null": [*HI, call, output | {"output": None}],
        "an output in parts": [*HI, call, output | {"output": [{"type": "input_text", "text": "sunny"}]}],
        "an output without its call": [*HI, output], "a call without its output": [*HI, call],
        "reasoning": [*HI, {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}, *HI],
        "a file search": [*HI, {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["x"], "results": []}, said, *HI],
        "a web search": [*HI, {"type": "web_search_call", "id": "ws_1", "status": "completed"}, said, *HI],
        "a computer call": [*HI, {"type": "computer_call", "id": "cc_1"}, *HI],
        "a call of an MCP tool": [*HI, {"type": "mcp_call", "id": "m_1", "server_label": "t", "name": "n", "arguments": "{}", "output": "1"}, *HI],
        "a wish for approval": [*HI, {"type": "mcp_approval_request", "id": "ma_1", "arguments": "{}", "name": "n", "server_label": "t"}, *HI],
        "an approval": [*HI, {"type": "mcp_approval_response", "approval_request_id": "ma_1", "approve": True}, *HI],
        "a reference": [{"type": "item_reference", "id": "msg_1"}], "an image call": [*HI, {"type": "image_generation_call", "id": "ig_1"}],
        "a type that is a number": [{"type": 7, "role": "user", "content": "hi"}], "a type that is null": [{"type": None, "role": "user", "content": "hi"}],
        "a message with more fields": [{"role": "user", "content": "hi", "name": "ann", "id": "m1", "status": "completed"}],
        "a message with another status": [{"role": "user", "content": "hi", "status": "lost"}],
        "a message of a type": [{"type": "message", "role": "user", "content": "hi"}],
    }
    for name, listed in lists.items():
        yield ask(f"items/{name}", {"input": listed})


def roles() -> Iterator[Case]:
    for role in ["user", "assistant", "system", "developer", "tool", "function", "USER", "", None, 7]:
        yield ask(f"roles/{role if role != '' else 'empty'}", {"input": [{"role": role, "content": "hi"}]})
    yield ask("roles/missing", {"input": [{"content": "hi"}]})
    yield ask("roles/system and user", {"input": [{"role": "system", "content": "Be kind."}, *HI]})


def contents() -> Iterator[Case]:
    text = {"type": "input_text", "text": "hi"}
    for name, content in {
        "an empty text": "", "null": None, "a number": 7, "an object": {"text": "hi"}, "no parts": [], "two parts": [text, text],
        "a part that is a text": ["hi"], "a part without a type": [{"text": "hi"}], "a part without its text": [{"type": "input_text"}],
        "a part of another type": [{"type": "sound", "text": "x"}], "a part of a number": [{"type": "input_text", "text": 7}],
        "output_text of a user": [{"type": "output_text", "text": "hi"}], "text": [{"type": "text", "text": "hi"}],
        "a picture": [text, {"type": "input_image", "image_url": "https://example.com/x.png"}],
        "a file": [text, {"type": "input_file", "file_id": "file_1"}], "audio": [text, {"type": "input_audio", "data": "x"}],
        "a part with more fields": [text | {"x": 1}],
    }.items():
        yield ask(f"contents/{name}", {"input": [{"role": "user", "content": content}]})


def texts() -> Iterator[Case]:
    def said(name: str, text: str, ascii: bool = True) -> Case:
        return Case(f"texts/{name}", json.dumps({"input": [{"role": "user", "content": text}]}, ensure_ascii=ascii).encode())

    for name, text in {
        "Norwegian": "Går det an å sende på lørdag?", "Arabic": "مرحبا", "Hindi": "किताब", "Chinese": "退款期限是多久？",
        "an emoji of several scalars": "👩‍👩‍👧‍👦", "combining marks": "e\u0301", "line ends": "a\r\nb\u2028c\u0085", "NUL": "a\0b",
        "control characters": "a\x01\x7f", "a private character": "\ue000", "a noncharacter": "\uffff", "a backslash": "\\\"/", "HTML": "<script>alert(1)</script>",
        "like a secret": "sk-0123456789abcdef", "a template": "${var.model} {{x}}",
    }.items():
        yield said(name, text, ascii=name in ("NUL", "control characters", "line ends"))
    yield Case("texts/escaped", b'{"input": [{"role": "user", "content": "\\u0047\\u00e5r \\ud83d\\ude00"}]}')
    yield Case("texts/half a surrogate pair", b'{"input": [{"role": "user", "content": "\\ud83d"}]}')
    yield Case("texts/bad UTF-8", b'{"input": [{"role": "user", "content": "\xff\xfe"}]}')
    yield Case("texts/a raw control character", b'{"input": [{"role": "user", "content": "a\x01b"}]}')
    yield ask("texts/unicode in a key", {"input": HI, "løsning": 1})


def sizes() -> Iterator[Case]:
    yield ask("sizes/100 KiB", {"input": [{"role": "user", "content": "x" * 100 * 1024}]})
    yield ask("sizes/3 MiB", {"input": [{"role": "user", "content": "x" * 3 * MIB}]})
    yield ask("sizes/5 MiB", {"input": [{"role": "user", "content": "x" * 5 * MIB}]})
    yield ask("sizes/300 items", {"input": HI * 301})
    deep: Any = 1
    for _ in range(30):
        deep = {"a": [deep]}
    yield ask("sizes/60 levels", {"input": HI, "custom_inputs": {"deep": deep}})
    yield Case("sizes/10,000 levels", b'{"input": ' + b"[" * 10_000 + b"]" * 10_000 + b"}")
    yield ask("sizes/500 keys", {"input": HI, "custom_inputs": {f"k{number}": number for number in range(500)}})
    yield ask("sizes/100 metadata", {"input": HI, "metadata": {f"k{number}": "v" for number in range(100)}})


def headers() -> Iterator[Case]:
    body = json.dumps({"input": HI}).encode()
    for kind in [
        "application/json; charset=utf-8", "application/json;charset=UTF-8", "APPLICATION/JSON", "application/json; charset=latin-1",
        "application/json; version=1", "application/vnd.api+json", "text/json", "text/csv", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/octet-stream", "json", "", "application/x-ndjson",
    ]:
        yield Case(f"content types/{kind or 'empty'}", body, {"Content-Type": kind})
    for name, value in {
        "Accept": "text/event-stream", "accept": "text/html", "ACCEPT": "*/*", "X-Request-ID": "abc-1", "Origin": "http://evil.example",
        "Authorization": "Bearer nonsense", "x-mlflow-return-trace-id": "false", "Accept-Encoding": "gzip", "Cookie": "a=b",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-HTTP-Method-Override": "GET", "Range": "bytes=0-3",
        "If-None-Match": "*", "Host": "evil.example", "X-Forwarded-For": "1.2.3.4",
    }.items():
        yield Case(f"headers/{name}: {value}", body, JSON | {name: value})
    yield Case("headers/Content-Encoding: gzip", gzip.compress(body), JSON | {"Content-Encoding": "gzip"})
    yield Case("headers/Transfer-Encoding: chunked", body, JSON | {"Transfer-Encoding": "chunked"})
    yield Case("headers/20 more", body, JSON | {f"X-{number}": "v" * 50 for number in range(20)})


def methods() -> Iterator[Case]:
    for path in ("/invocations", "/responses"):
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
            yield Case(f"methods/{method} {path}", None, {}, method, path)
    for path in ("/ping", "/health", "/version", "/agent/info"):
        yield ask(f"methods/POST {path}", {}, path=path)
    for path in ("/ping", "/health", "/agent/info"):
        yield Case(f"methods/HEAD {path}", None, {}, "HEAD", path)


def paths() -> Iterator[Case]:
    for path in [
        "/invocations/", "//invocations", "/INVOCATIONS", "/invocations?x=1", "/invocations/x", "/v1/invocations", "/v1/chat/completions",
        "/responses/", "/responses?stream=true", "/", "/x", "/invocations%2F", "/%69nvocations", "/invocations;a=b", "/a/../invocations",
    ]:
        yield ask(f"paths/POST {path}", {"input": HI}, path=path)
    for path in ["/", "/x", "/docs", "/redoc", "/ping/", "/ping?x=1", "/favicon.ico", "/responses/resp_1", "/models", "/v1/models"]:
        yield Case(f"paths/GET {path}", None, {}, "GET", path)


def answers() -> Iterator[Case]:
    """What the upstream does: at once, and streamed, on both routes."""
    for how in ["hi", "call:", "mcp:", "refuse:", "cut:", "fail:", "drop:", "error:"]:
        for path in ("/invocations", "/responses"):
            name = f"{how.removesuffix(':')} {path}"
            fields = {"input": [{"role": "user", "content": how}]}
            yield ask(f"answers/{name}", fields, path=path)
            yield ask(f"streams/{name}", fields | {"stream": True}, path=path)
    call = [{"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city": "Rome"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}]
    asked = [{"role": "user", "content": "call:"}, *call]
    yield ask("answers/a call that was carried out", {"input": asked})
    yield ask("streams/a call that was carried out", {"input": asked, "stream": True})
    told = JSON | {"x-mlflow-return-trace-id": "true"}
    yield ask("streams/with the id of the trace", {"input": HI, "stream": True}, headers=told)
    yield ask("streams/that are accepted", {"input": HI, "stream": True}, headers=JSON | {"Accept": "text/event-stream"})
    yield ask("streams/that are not accepted", {"input": HI, "stream": True}, headers=JSON | {"Accept": "application/json"})
    yield ask("streams/of a bad request", {"input": [{"role": "alien", "content": "x"}], "stream": True})
    yield ask("streams/not streamed", {"input": HI, "stream": False})


def all_cases() -> list[Case]:
    kinds = [
        recorded, good, wrong_types, bodies, items, roles, contents, texts, sizes, headers, methods, paths, answers]
    return [case for kind in kinds for case in kind()]
