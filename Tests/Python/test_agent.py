"""The agent that every logged version carries, against a stand-in for Llama Stack."""

import datetime
import ipaddress
import json
import logging
import re
import shutil
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from conftest import JSON, QUESTION, WEATHER, Load, StubLlamaStack, Traces, agent
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mlflow.types import responses_helpers
from mlflow.types.responses import ResponsesAgentRequest


def completed(text: str = "Hello.", **fields: Any) -> list[JSON]:
    """The events of a turn without tools."""
    item = {
        "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    response = {"id": "resp_1", "status": "completed", "model": "scripted/llm", "output": [item], **fields}
    return [
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_text.delta", "item_id": "msg_1", "delta": text[:3]},
        {"type": "response.output_text.delta", "item_id": "msg_1", "delta": text[3:]},
        {"type": "response.output_item.done", "item": item},
        {"type": "response.completed", "response": response},
    ]


def code_of(asked: Any) -> Any:
    """The module of the agent's folder that asks Llama Stack."""
    return sys.modules[type(asked).__module__.replace("responder", "llama_stack")]


def write_certificate(certificate: Path, key: Path) -> None:
    """A certificate of 127.0.0.1 that speaks for itself."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, certificate.stem)])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(secret.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate.write_bytes(signed.public_bytes(pem))
    key.write_bytes(secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def items(response: Any) -> list[str]:
    return [item.type for item in response.output]


def text(response: Any) -> str:
    return response.output[-1].content[0]["text"]


class TestRequest:
    def test_sends_the_whole_definition(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert llama.paths == ["/v1/responses"]
        assert llama.bodies == [{
            "model": "scripted/llm",
            "instructions": "You answer from the handbook.",
            "input": "What is the refund window?",
            "tools": [
                {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 5,
                 "ranking_options": {"score_threshold": 0.5}},
                {"type": "mcp", "server_label": "tickets", "server_url": "http://127.0.0.1:9000/mcp",
                 "authorization": "s3cret", "headers": {"X-Team": "support"}, "allowed_tools": ["ticket_create"],
                 "require_approval": "never"},
            ],
            "include": ["file_search_call.results"],
            "max_infer_iters": 8, "temperature": 0.2, "top_p": 0.9, "max_output_tokens": 512,
            "store": False, "stream": True,
        }]

    def test_leaves_out_what_the_definition_leaves_out(
        self, load: Load, llama: StubLlamaStack, folder: Path
    ) -> None:
        (folder / "definition.json").write_text(json.dumps(
            {"name": "a", "model": "m", "instructions": "", "tools": [], "maxSteps": 10}))
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert set(llama.bodies[0]) == {"model", "instructions", "input", "max_infer_iters", "store", "stream"}

    def test_sampling_of_the_caller_wins(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed())
        agent(load).predict({**QUESTION, "temperature": 0.0, "max_output_tokens": 16})
        body = llama.bodies[0]
        assert (body["temperature"], body["max_output_tokens"], body["top_p"]) == (0.0, 16, 0.9)

    @pytest.mark.parametrize("choice, sent", [
        ("required", "required"),
        ("knowledge", {"type": "file_search"}),
        ("tickets", {"type": "mcp", "server_label": "tickets"}),
        ("weather", {"type": "function", "name": "weather"}),
        ("web", {"type": "web_search"}),
    ])
    def test_tool_choice(
        self, load: Load, llama: StubLlamaStack, folder: Path, definition: JSON, choice: str, sent: Any
    ) -> None:
        definition["tools"] += [WEATHER, {"name": "web", "builtin": "webSearch"}]
        (folder / "definition.json").write_text(json.dumps({**definition, "toolChoice": choice}))
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert llama.bodies[0]["tool_choice"] == sent

    def test_tools_of_every_kind(
        self, load: Load, llama: StubLlamaStack, folder: Path, definition: JSON
    ) -> None:
        billing = {**definition, "name": "billing", "description": "Knows invoices.", "tools": []}
        definition["tools"] = [
            WEATHER, {"name": "web", "builtin": "webSearch"}, {"name": "lab", "mcp": {"connector": "lab"}},
            {"name": "billing-desk", "agent": billing},
        ]
        (folder / "definition.json").write_text(json.dumps(definition))
        llama.plays(completed())
        agent(load).predict(QUESTION)
        weather, web, mcp, desk = llama.bodies[0]["tools"]
        assert weather == {"type": "function", "name": "weather", **WEATHER["function"], "strict": False}
        assert web == {"type": "web_search"}
        assert mcp == {"type": "mcp", "server_label": "lab", "connector_id": "lab", "require_approval": "never"}
        assert (desk["name"], desk["description"]) == ("billing-desk", "Knows invoices.")
        assert desk["parameters"]["required"] == list(desk["parameters"]["properties"]) == ["question"]

    @pytest.mark.parametrize("version, path", [("0.2.24", "/v1/openai/v1/responses"), ("0.3.5", "/v1/responses")])
    def test_every_generation_is_asked_where_it_listens(
        self, load: Load, llama: StubLlamaStack, version: str, path: str
    ) -> None:
        llama.version = version
        llama.plays(completed())
        asked = agent(load)
        asked.predict(QUESTION)
        asked.predict(QUESTION)
        assert llama.paths == [path, path]
        assert llama.calls == ["GET /v1/version"]

    def test_shields_are_guardrails(
        self, load: Load, llama: StubLlamaStack, folder: Path, definition: JSON
    ) -> None:
        shielded = {**definition, "inputShields": ["guard"], "outputShields": ["guard"]}
        (folder / "definition.json").write_text(json.dumps(shielded))
        llama.version = "0.7.3"
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert llama.bodies[0]["guardrails"] == ["guard"]

    def test_shields_are_not_dropped_where_the_server_would_ignore_them(
        self, load: Load, llama: StubLlamaStack, folder: Path, definition: JSON
    ) -> None:
        (folder / "definition.json").write_text(json.dumps({**definition, "inputShields": ["guard"]}))
        llama.version = "0.2.24"
        with pytest.raises(Exception, match="has shields, which .* 0.2.24 would ignore"):
            agent(load).predict(QUESTION)
        assert llama.bodies == []

    def test_response_format(self, load: Load, llama: StubLlamaStack, folder: Path, definition: JSON) -> None:
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
        (folder / "definition.json").write_text(json.dumps({**definition, "responseFormat": schema}))
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert llama.bodies[0]["text"]["format"]["schema"] == schema

    def test_history_with_tool_calls_is_passed_on(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays_recorded("OGX/responses-mcp-1.5.0.sse")
        asked = agent(load)
        first = asked.predict(QUESTION)
        llama.plays(completed())
        history = [item.model_dump(exclude_none=True) for item in first.output]
        asked.predict({"input": [*QUESTION["input"], *history, {"role": "user", "content": "And now?"}]})
        kinds = [item["type"] for item in llama.bodies[1]["input"]]
        assert kinds == ["message", "function_call", "function_call_output", "message", "message"]

    @pytest.mark.parametrize(("error", "status"), [(None, "completed"), ("no such order", "incomplete")])
    def test_an_output_says_whether_its_call_went_wrong(
        self, load: Load, llama: StubLlamaStack, error: str | None, status: str
    ) -> None:
        call = {"type": "mcp_call", "id": "c", "name": "ticket", "arguments": "{}", "error": error}
        llama.plays(completed(output=[{**call, "output": None if error else "done"}]))
        told = [item.model_dump(exclude_none=True) for item in agent(load).predict(QUESTION).output]
        assert told[1] == {
            "type": "function_call_output", "call_id": "c", "output": error or "done", "status": status}

    def test_a_search_in_the_history_is_a_call_and_its_output(self, load: Load, llama: StubLlamaStack) -> None:
        """Llama Stack 0.2 and 0.3 fail on a search among the input, and 1.5 forgets what it found."""
        llama.plays_recorded("OGX/responses-file-search-1.5.0.sse", "OGX/responses-file-search-1.5.0.sse")
        asked = agent(load)
        found = [item.model_dump(exclude_none=True) for item in asked.predict(QUESTION).output]
        asked.predict({"input": [*QUESTION["input"], *found, {"role": "user", "content": "And now?"}]})
        _, call, output, answer, _ = llama.bodies[1]["input"]
        assert (call["type"], call["name"]) == ("function_call", "file_search")
        assert call["call_id"] == output["call_id"]
        assert output["output"].startswith("The capital of Freedonia")
        assert answer["role"] == "assistant" and answer["content"].startswith("ANSWER based on tool result")

    def test_an_unknown_tool_is_refused_by_name(
        self, load: Load, llama: StubLlamaStack, folder: Path, definition: JSON
    ) -> None:
        definition["tools"] = [{"name": "weather", "toolGroup": {"id": "builtin::weather"}}]
        (folder / "definition.json").write_text(json.dumps(definition))
        with pytest.raises(Exception, match="`weather`"):
            agent(load).predict(QUESTION)
        assert llama.bodies == []


class TestEnvironment:
    def test_wins_over_the_folder(
        self, load: Load, llama: StubLlamaStack, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "llamastack.json").write_text('{"baseUrl": "http://127.0.0.1:1"}')
        monkeypatch.setenv("LLAMASTACK_BASE_URL", llama.url + "/v1/")
        monkeypatch.setenv("LLAMASTACK_MODEL", "other")
        monkeypatch.setenv("LLAMASTACK_API_KEY", "key")
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert llama.paths == ["/v1/responses"]
        assert llama.bodies[0]["model"] == "other"
        assert llama.headers[0]["authorization"] == "Bearer key"

    @pytest.mark.parametrize("key", ["", "fake"])
    def test_no_key(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.setenv("LLAMASTACK_API_KEY", key)
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert "authorization" not in llama.headers[0]

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n"])
    def test_line_ends_behind_secrets_do_not_count(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch, ending: str
    ) -> None:
        monkeypatch.setenv("LLAMASTACK_API_KEY", "k-123" + ending)
        monkeypatch.setenv("TICKETS_TOKEN", "s3cret" + ending)
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert llama.headers[0]["authorization"] == "Bearer k-123"
        assert [tool["authorization"] for tool in llama.bodies[0]["tools"] if "authorization" in tool] == ["s3cret"]

    @pytest.mark.parametrize("variable", ["LLAMASTACK_API_KEY", "TICKETS_TOKEN"])
    def test_a_secret_that_fits_no_header_is_refused_without_being_shown(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(variable, "k-1\r\n23")
        with pytest.raises(Exception, match=f"`{variable}` has a line break") as raised:
            agent(load).predict(QUESTION)
        assert "k-1" not in str(raised.value)
        assert llama.bodies == []

    @pytest.mark.parametrize(("key", "sent"), [(None, "Basic Ym9iOnAvdy10aGF0LWlzLWxvbmc="), ("key", "Bearer key")])
    def test_a_login_in_the_address_is_sent_and_never_shown(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch, key: str | None, sent: str
    ) -> None:
        password = "p/w-that-is-long"
        monkeypatch.setenv("LLAMASTACK_BASE_URL", llama.url.replace("://", "://bob:p%2Fw-that-is-long@") + "/v1")
        if key:
            monkeypatch.setenv("LLAMASTACK_API_KEY", key)
        llama.plays(completed(f"It is {password} of bob:{password}, sent as Ym9iOnAvdy10aGF0LWlzLWxvbmc=."))
        answer = agent(load).predict(QUESTION)
        assert llama.headers[0]["authorization"] == sent
        assert text(answer).startswith("It is [secret] of [secret], sent as [secret]")
        llama.status, llama.answer = 502, [b"it broke"]
        with pytest.raises(Exception, match=re.escape(f"POST {llama.url}/v1/responses was answered")) as raised:
            agent(load).predict(QUESTION)
        assert "bob" not in str(raised.value)

    @pytest.mark.parametrize(("key", "sent"), [(None, None), ("key", "Bearer key")])
    def test_a_netrc_says_nothing(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str | None,
        sent: str | None,
    ) -> None:
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password of-ann\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        if key:
            monkeypatch.setenv("LLAMASTACK_API_KEY", key)
        llama.plays(completed())
        agent(load).predict(QUESTION)
        assert llama.headers[0].get("authorization") == sent

    def test_no_proxy_leads_to_this_machine_and_one_leads_elsewhere(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        llama.plays(completed())
        assert text(agent(load).predict(QUESTION)) == "Hello."
        monkeypatch.setenv("LLAMASTACK_BASE_URL", "http://stack.example:8321")
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, llama.url)
        with pytest.raises(Exception, match="404"):  # The stand-in is no proxy.
            agent(load).predict(QUESTION)
        assert llama.calls[-1] == "GET http://stack.example:8321/v1/version"

    def test_an_address_whose_password_cannot_be_told_apart_is_not_shown(
        self, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LLAMASTACK_BASE_URL", "http://bob:p/w@localhost:8321")
        with pytest.raises(Exception, match="no port") as raised:
            load()
        assert "p/w" not in str(raised.value)

    def test_a_missing_token_is_said_before_anything_is_sent(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("TICKETS_TOKEN")
        with pytest.raises(Exception, match="Set `TICKETS_TOKEN`"):
            agent(load).predict(QUESTION)
        assert llama.bodies == []


class TestTLS:
    @pytest.fixture
    def own(self, llama: StubLlamaStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The certificate of the server, whom only who shows the same is answered, and its key beside it."""
        certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
        write_certificate(certificate, key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_OPTIONAL
        llama.socket = context.wrap_socket(llama.socket, server_side=True)
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LLAMASTACK_BASE_URL", llama.url.replace("http:", "https:"))
        llama.plays(completed())
        return certificate

    def test_a_certificate_of_nobody_known_is_refused(self, load: Load, own: Path) -> None:
        with pytest.raises(Exception, match="/v1/version failed: .*self-signed certificate"):
            agent(load).predict(QUESTION)

    @pytest.mark.parametrize("variable", ["LLAMASTACK_CA_FILE", "SSL_CERT_FILE"])
    def test_authorities(self, load: Load, own: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, str(own))
        assert text(agent(load).predict(QUESTION)) == "Hello."

    def test_authorities_are_added_to_those_that_requests_knows(
        self, load: Load, own: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        write_certificate(tmp_path / "other.pem", tmp_path / "other.key")
        monkeypatch.setenv("LLAMASTACK_CA_FILE", str(tmp_path / "other.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own))
        assert text(agent(load).predict(QUESTION)) == "Hello."

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS")
    def test_insecure(self, load: Load, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLAMASTACK_INSECURE", "1")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own.with_name("nowhere")))
        assert text(agent(load).predict(QUESTION)) == "Hello."

    @pytest.mark.parametrize("is_in_one_file", [False, True])
    def test_a_certificate_of_its_own(
        self, load: Load, llama: StubLlamaStack, own: Path, monkeypatch: pytest.MonkeyPatch, is_in_one_file: bool
    ) -> None:
        llama.socket.context.verify_mode = ssl.CERT_REQUIRED
        monkeypatch.setenv("LLAMASTACK_CA_FILE", str(own))
        with pytest.raises(Exception, match="failed"):
            agent(load).predict(QUESTION)
        key = own.with_suffix(".key")
        if is_in_one_file:
            own.write_text(own.read_text() + key.read_text())
        else:
            monkeypatch.setenv("LLAMASTACK_CLIENT_KEY", str(key))
        monkeypatch.setenv("LLAMASTACK_CLIENT_CERT", str(own))
        assert text(agent(load).predict(QUESTION)) == "Hello."

    @pytest.mark.parametrize(("variable", "said"), [
        ("LLAMASTACK_CA_FILE", "The CA file `.*` cannot be read"),
        ("LLAMASTACK_CLIENT_CERT", "cannot be used with its key"),
    ])
    @pytest.mark.parametrize("is_there", [False, True])
    def test_a_file_that_cannot_be_used_is_said(
        self, load: Load, own: Path, monkeypatch: pytest.MonkeyPatch, variable: str, said: str, is_there: bool
    ) -> None:
        file = own.with_name("bad.pem")
        if is_there:
            file.write_text("no certificate")
        monkeypatch.setenv(variable, str(file))
        with pytest.raises(Exception, match=said):
            load()

    def test_a_bundle_of_requests_that_is_not_there_is_said(
        self, load: Load, own: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own.with_name("nowhere")))
        with pytest.raises(Exception, match="/v1/version failed: .*nowhere"):
            agent(load).predict(QUESTION)


class TestAnswer:
    def test_file_search(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays_recorded("OGX/responses-file-search-1.5.0.sse")
        response = agent(load).predict(QUESTION)
        assert items(response) == ["file_search_call", "message"]
        assert text(response).startswith("ANSWER based on tool result")
        assert response.output[-1].content[0]["annotations"][0]["filename"] == "a.txt"
        assert (response.usage.input_tokens, response.usage.output_tokens) == (20, 10)
        assert response.status == "completed"

    def test_a_call_of_an_mcp_tool_is_a_function_call_and_its_output(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays_recorded("OGX/responses-mcp-1.5.0.sse")
        response = agent(load).predict(QUESTION)
        assert items(response) == ["function_call", "function_call_output", "message"]
        call, output, _ = response.output
        assert (call.name, call.call_id) == ("greet", output.call_id)
        assert output.output == "Hello, please greet Ann!"

    def test_a_function_is_the_callers_to_carry_out(
        self, load: Load, llama: StubLlamaStack, folder: Path, definition: JSON
    ) -> None:
        (folder / "definition.json").write_text(json.dumps({**definition, "tools": [WEATHER]}))
        call = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": "{}"}
        response = {"id": "resp_1", "status": "completed", "output": [call]}
        llama.plays([{"type": "response.completed", "response": response}], completed("Rain."))
        asked = agent(load)
        first = asked.predict(QUESTION)
        assert [(item.type, item.name) for item in first.output] == [("function_call", "weather")]
        given = [item.model_dump(exclude_none=True) for item in first.output]
        output = {"type": "function_call_output", "call_id": "c1", "output": "rain"}
        second = asked.predict({"input": [*QUESTION["input"], *given, output]})
        assert text(second) == "Rain."
        kinds = [item["type"] for item in llama.bodies[1]["input"]]
        assert kinds == ["message", "function_call", "function_call_output"]

    def test_usage_without_details(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed(usage={"input_tokens": 3, "output_tokens": 4}))
        usage = agent(load).predict(QUESTION).usage
        assert usage.total_tokens == 7
        assert usage.input_tokens_details.cached_tokens == 0
        assert usage.output_tokens_details.reasoning_tokens == 0

    def test_no_usage(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed())
        assert agent(load).predict(QUESTION).usage is None

    def test_incomplete(self, load: Load, llama: StubLlamaStack) -> None:
        search = {"type": "file_search_call", "id": "fc_1", "queries": ["x"], "status": "completed", "results": []}
        llama.plays([{"type": "response.incomplete", "response": {"status": "incomplete", "output": [search]}}])
        response = agent(load).predict(QUESTION)
        assert (response.status, items(response)) == ("incomplete", ["file_search_call"])

    def test_what_mlflow_does_not_know_is_left_out(self, load: Load, llama: StubLlamaStack) -> None:
        strange = {"type": "container_file_citation", "file_id": "f"}
        output = [
            {"type": "mcp_list_tools", "id": "l", "server_label": "tickets", "tools": []},
            {"type": "message", "id": "empty", "role": "assistant", "content": []},
            {"type": "message", "id": "m", "role": "assistant", "status": "failed", "content": [
                {"type": "output_text", "text": "Hi", "annotations": [strange], "logprobs": []}]},
        ]
        llama.plays([{"type": "response.completed", "response": {"status": "completed", "output": output}}])
        response = agent(load).predict(QUESTION)
        assert items(response) == ["message"]
        assert response.output[0].content[0]["annotations"] == []

    def test_a_guardrail_that_speaks_up_is_a_refusal(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays_recorded("LlamaStack/responses-guardrail-0.3.5.sse")
        asked = agent(load)
        [item] = asked.predict(QUESTION).output
        assert item.content[0]["refusal"].startswith("I can't answer that.")
        done, last = asked.predict_stream(QUESTION)
        assert done.item == last.response["output"][0]

    @pytest.mark.parametrize("output", ["empty", "none"])
    def test_a_refusal_that_is_told_in_pieces_alone(
        self, load: Load, llama: StubLlamaStack, traces: Traces, monkeypatch: pytest.MonkeyPatch, output: str
    ) -> None:
        """As OGX 1.5 tells it."""
        monkeypatch.setenv("LLAMASTACK_API_KEY", "planted-key")
        [events] = llama.plays_recorded("../RuntimeTests/Fixtures/ogx-refusal-stream.sse")
        [at] = [number for number, event in enumerate(events) if event["type"] == "response.refusal.delta"]
        pieces = ["I cannot help with planted", "-key."]
        events[at:at + 1] = [{**events[at], "delta": piece} for piece in pieces]
        if output == "none":
            events[-1]["response"]["output"] = []
        llama.plays(events)
        said = [{"type": "refusal", "refusal": "I cannot help with [secret]."}]
        response = agent(load).predict(QUESTION).model_dump(exclude_none=True)
        assert (response["status"], [item["content"] for item in response["output"]]) == ("completed", [said])
        assert "planted-key" not in traces.trace().to_json()
        done, last = agent(load).predict_stream(QUESTION)
        assert done.item == last.response["output"][0] and done.item["content"] == said

    @pytest.mark.parametrize("knows", [False, True])
    def test_a_call_that_waits_for_approval_is_told_where_mlflow_knows_it(
        self, load: Load, llama: StubLlamaStack, monkeypatch: pytest.MonkeyPatch, knows: bool
    ) -> None:
        request = {
            "type": "mcp_approval_request", "id": "a", "name": "ticket_create", "server_label": "tickets",
            "arguments": "{}",
        }
        llama.plays(completed(output=[request]))
        if not knows:  # As in mlflow 3.5.
            monkeypatch.delattr(responses_helpers, "McpApprovalRequest", raising=False)
            with pytest.raises(Exception, match="`ticket_create` .* `tickets` waits .* Install a newer mlflow"):
                agent(load).predict(QUESTION)
        elif hasattr(responses_helpers, "McpApprovalRequest"):
            assert items(agent(load).predict(QUESTION)) == ["mcp_approval_request"]

    def test_a_failed_tool_call_tells_its_error(self, load: Load, llama: StubLlamaStack) -> None:
        call = {"type": "mcp_call", "id": "c", "name": "t", "arguments": "{}", "error": {"message": "no"}}
        llama.plays([{"type": "response.completed", "response": {"status": "completed", "output": [call]}}])
        assert agent(load).predict(QUESTION).output[1].output == '{"message": "no"}'


class TestStream:
    def test_pieces_arrive_before_the_end(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed("Hello."))
        llama.gate.clear()
        events = agent(load).predict_stream(QUESTION)
        pieces = [next(events).delta, next(events).delta]
        llama.gate.set()
        rest = list(events)
        assert "".join(pieces) == "Hello."
        assert [event.type for event in rest] == ["response.output_item.done", "response.completed"]

    @pytest.mark.parametrize("recording", [
        "OGX/responses-file-search-1.5.0.sse", "OGX/responses-mcp-1.5.0.sse",
        "LlamaStack/responses-file-search-0.2.24.sse", "LlamaStack/responses-mcp-0.2.24.sse",
    ])
    def test_pieces_and_items_make_the_answer(self, load: Load, llama: StubLlamaStack, recording: str) -> None:
        llama.plays_recorded(recording)
        asked = agent(load)
        events = list(asked.predict_stream(QUESTION))
        whole = asked.predict(QUESTION)
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        done = [event.item["type"] for event in events if event.type == "response.output_item.done"]
        assert len(deltas) > 1 and "".join(deltas) == text(whole)
        assert done == items(whole)
        said = [event.item for event in events if event.type == "response.output_item.done"][-1]
        assert {event.item_id for event in events if event.type == "response.output_text.delta"} == {said["id"]}
        if "1.5.0" in recording:  # 0.2 does not tell.
            assert events[-1].response["usage"]["total_tokens"] == 30

    @pytest.mark.parametrize("size", [1, 2, 3, 1000])
    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    def test_lines_end_anywhere_in_a_piece(self, load: Load, size: int, end: bytes) -> None:
        sent = end.join([b": a comment", b"data: {", b'data: "a": 1}', b"", b'data: {"b": 2}'])
        pieces = [sent[at:at + size] for at in range(0, len(sent), size)]
        code = code_of(agent(load))
        assert list(code.event_data(code.lines_of(pieces))) == [{"a": 1}, {"b": 2}]

    def test_a_long_event_is_put_together_once(self, load: Load) -> None:
        """A line of 32 MB in pieces of 512 bytes: copied anew for each piece, it takes minutes."""
        code = code_of(agent(load))
        pieces = [b'data: "', *[b"a" * 512] * (1 << 16), b'"\n', b"\n"]
        started = time.monotonic()
        [text] = code.event_data(code.lines_of(pieces))
        assert len(text) == 1 << 25 and time.monotonic() - started < 20

    def test_an_abandoned_stream_ends_the_exchange(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed())
        llama.keeps_waiting = True
        # Below what MLflow wraps around it, which closes the stream when it is collected.
        stream = type(agent(load)).predict_stream.__wrapped__.__wrapped__
        events = stream(mlflow.models.model.__mlflow_model__, ResponsesAgentRequest(**QUESTION))
        assert next(events).delta == "Hel"
        assert not llama.abandoned.is_set()
        events.close()
        assert llama.abandoned.wait(10)


class TestFailure:
    def fails(self, load: Load, match: str) -> None:
        asked = agent(load)
        with pytest.raises(Exception, match=match) as failure:
            asked.predict(QUESTION)
        assert type(failure.value).__name__ == "LlamaStackError"
        assert "s3cret" not in str(failure.value)

    def test_unknown_model(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays_recorded("OGX/responses-unknown-model-1.5.0.sse")
        self.fails(load, "Model 'nope' not found")

    @pytest.mark.parametrize("event", [
        {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "it broke"}}},
        {"error": {"message": "it broke"}},
        {"type": "error", "message": "it broke"},
    ])
    def test_failures_of_every_generation(self, load: Load, llama: StubLlamaStack, event: JSON) -> None:
        llama.plays([event])
        self.fails(load, "it broke")

    @pytest.mark.parametrize("body", [
        {"error": {"message": "it broke"}}, {"detail": "it broke"}, {"error": {"detail": "it broke"}},
    ])
    def test_refusals_of_every_generation(self, load: Load, llama: StubLlamaStack, body: JSON) -> None:
        llama.status, llama.answer = 502, [json.dumps(body).encode()]
        self.fails(load, "status 502: it broke")

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed(self, load: Load, llama: StubLlamaStack, status: int) -> None:
        llama.status, llama.location = status, llama.url.replace("://", "://ann:pw@") + "/elsewhere?token=t0p"
        self.fails(load, f"status {status}: it redirects to `{llama.url}`, which is not followed")
        assert llama.paths == ["/v1/responses"] and llama.calls == ["GET /v1/version"]

    def test_a_redirect_to_nowhere_is_a_failure(self, load: Load, llama: StubLlamaStack) -> None:
        llama.status = 302
        self.fails(load, "answered with status 302")

    @pytest.mark.parametrize("location", ["//other.example:1/v1?token=t0p", "https://ann:t0p@other.example:1/"])
    def test_a_redirect_is_told_without_secrets(self, load: Load, llama: StubLlamaStack, location: str) -> None:
        llama.status, llama.location = 307, location
        with pytest.raises(Exception, match="://other.example:1`") as failure:
            agent(load).predict(QUESTION)
        assert "t0p" not in str(failure.value)

    def test_a_stream_that_ends_early(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed()[:-1])
        self.fails(load, "before it was complete")

    def test_an_event_that_is_not_json(self, load: Load, llama: StubLlamaStack) -> None:
        llama.answer = [b"data: {oops\n\n"]
        self.fails(load, "/v1/responses failed")

    def test_nobody_listens(self, load: Load, folder: Path) -> None:
        (folder / "llamastack.json").write_text('{"baseUrl": "http://127.0.0.1:1"}')
        self.fails(load, "http://127.0.0.1:1/v1/version failed")


class TestTraces:
    @pytest.mark.parametrize("way", ["predict", "predict_stream"])
    def test_spans(self, load: Load, llama: StubLlamaStack, traces: Traces, way: str) -> None:
        llama.plays_recorded("OGX/responses-mcp-1.5.0.sse")
        context = {"conversation_id": "c-1", "user_id": "ann"}
        answer = getattr(agent(load), way)({**QUESTION, "context": context})
        list(answer)
        trace = traces.trace()
        root, *children = trace.data.spans
        assert [(span.name, span.span_type) for span in (root, *children)] == [
            (way, "AGENT"), ("responses", "LLM"), ("greet", "TOOL")]
        assert {span.parent_id for span in children} == {root.span_id}
        assert children[1].inputs == {"name": "please greet Ann"}
        assert children[1].outputs == "Hello, please greet Ann!"
        assert trace.info.token_usage["total_tokens"] == 30
        assert trace.info.trace_metadata["mlflow.trace.session"] == "c-1"
        assert trace.info.trace_metadata["mlflow.trace.user"] == "ann"
        assert "s3cret" not in trace.to_json()

    def test_retrieval(self, load: Load, llama: StubLlamaStack, traces: Traces) -> None:
        llama.plays_recorded("OGX/responses-file-search-1.5.0.sse")
        agent(load).predict(QUESTION)
        [found] = [span for span in traces.trace().data.spans if span.span_type == "RETRIEVER"]
        assert found.name == "knowledge"
        assert found.inputs == {"queries": ["capital of Freedonia"]}
        assert found.outputs[0]["metadata"]["doc_uri"] == "a.txt"
        assert found.outputs[0]["page_content"].startswith("The capital of Freedonia")

    def test_a_failed_turn(self, load: Load, llama: StubLlamaStack, traces: Traces) -> None:
        llama.plays(completed()[:-1])
        with pytest.raises(Exception, match="before it was complete"):
            agent(load).predict(QUESTION)
        trace = traces.trace()
        assert trace.info.state == "ERROR"
        assert [span.status.status_code for span in trace.data.spans] == ["ERROR", "ERROR"]


class TestFolder:
    @pytest.fixture
    def complaints(self) -> Iterator[list[str]]:
        """What MLflow warns of; its logger does not tell the others."""
        texts: list[str] = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: texts.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("mlflow").addHandler(handler)
        yield texts
        logging.getLogger("mlflow").removeHandler(handler)

    def test_mlflow_loads_it(self, folder: Path, llama: StubLlamaStack, complaints: list[str]) -> None:
        described = folder / "MLmodel"
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        described.write_text(described.read_text().replace("'3.12'", f"'{running}'"))
        llama.plays_recorded("OGX/responses-file-search-1.5.0.sse")
        model = mlflow.pyfunc.load_model(str(folder))
        assert complaints == []
        answer = model.predict({**QUESTION, "custom_inputs": {"a": 1}, "temperature": 0.5})
        assert [item["type"] for item in answer["output"]] == ["file_search_call", "message"]
        events = list(model.predict_stream(QUESTION))
        assert events[-1]["type"] == "response.completed"

    def test_mlflow_would_have_complained(self, folder: Path, complaints: list[str]) -> None:
        described = folder / "MLmodel"
        described.write_text(described.read_text().replace("'3.12'", "'2.7'"))
        mlflow.pyfunc.load_model(str(folder))
        assert "Python 2.7" in complaints[0]

    def test_versions_loaded_side_by_side_run_their_own_code(self, folder: Path, tmp_path: Path) -> None:
        other = shutil.copytree(folder, tmp_path / "other")
        code = other / "drover_agent" / "responder.py"
        renamed = code.read_text().replace("class DroverAgent", "class OtherAgent")
        code.write_text(renamed + "\nDroverAgent = OtherAgent\n")
        loaded = [mlflow.pyfunc.load_model(str(place)) for place in (folder, other, folder)]
        names = [type(model.get_raw_model()).__name__ for model in loaded]
        assert names == ["DroverAgent", "OtherAgent", "DroverAgent"]

    def test_the_request_type_is_mlflows(self, load: Load, llama: StubLlamaStack) -> None:
        llama.plays(completed())
        assert text(agent(load).predict(ResponsesAgentRequest(**QUESTION))) == "Hello."
