"""Checks that clients of others work with an agent that `drover serve` serves: OpenAI's Agents SDK, LangChain, MLflow's
deployments client, requests and curl. OpenAI's own client is `check_served_agent.py`'s.

    python check_served_clients.py --url http://127.0.0.1:8000 --agent support --question "Do you ship?" --answer "ship to" \
        [--call "call: the time"]

`--call` is a question to which the model calls the function `now` of the caller, and then answers with `--answer`.
Exit code 0 when all work, else 1 and what does not.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import agents
import langchain_openai
import openai
import requests
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from mlflow.deployments import get_deploy_client

FUNCTION_CALLED = "12 o'clock"


class Failed(Exception):
    """A check that did not hold; the message says which."""


def check(holds: object, message: str) -> None:
    if not holds:
        raise Failed(message)


def text_of(response: dict) -> str:
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in messages for part in item["content"])


def now() -> str:
    """The time."""
    return FUNCTION_CALLED


def agents_sdk(options: argparse.Namespace) -> None:
    agents.set_tracing_disabled(True)
    client = openai.AsyncOpenAI(base_url=f"{options.url}/v1", api_key="none", max_retries=0)
    model = agents.OpenAIResponsesModel(model=options.agent, openai_client=client)
    agent = agents.Agent(name="caller", model=model, tools=[agents.function_tool(now)] if options.call else [])
    first = agents.Runner.run_sync(agent, options.question)
    check(options.answer in first.final_output, f"it answers {first.final_output!r}")
    again = [*first.to_input_list(), {"role": "user", "content": options.question}]
    second = agents.Runner.run_sync(agent, again)
    check(options.answer in second.final_output, f"to a second turn it answers {second.final_output!r}")
    if options.call:
        called = agents.Runner.run_sync(agent, options.call)
        outputs = [item.output for item in called.new_items if isinstance(item, agents.ToolCallOutputItem)]
        check(outputs == [FUNCTION_CALLED], f"the function was not called once: {outputs}")
        check(options.answer in called.final_output, f"after the call it answers {called.final_output!r}")


def langchain(options: argparse.Namespace) -> None:
    chat = langchain_openai.ChatOpenAI(
        model=options.agent, base_url=f"{options.url}/v1", api_key="none", use_responses_api=True, max_retries=0)
    answer = chat.invoke(options.question)
    check(options.answer in answer.text, f"it answers {answer.content!r}")
    used = answer.usage_metadata
    check(options.no_usage or used and used["total_tokens"] > 0, f"it tells no tokens: {used}")
    pieces: list[AIMessageChunk] = list(chat.stream(options.question))
    streamed = "".join(piece.text for piece in pieces)
    check(streamed == answer.text, f"it streams {streamed!r}, not {answer.text!r}")
    second = chat.invoke([HumanMessage(options.question), answer, HumanMessage(options.question)])
    check(options.answer in second.text, f"to a second turn it answers {second.content!r}")
    if options.call:
        with_function = chat.bind_tools([now])
        called = with_function.invoke(options.call)
        check([call["name"] for call in called.tool_calls] == ["now"], f"it calls {called.tool_calls}")
        output = ToolMessage(FUNCTION_CALLED, tool_call_id=called.tool_calls[0]["id"])
        last = with_function.invoke([HumanMessage(options.call), called, output])
        check(options.answer in last.text, f"after the call it answers {last.content!r}")


def deployments(options: argparse.Namespace) -> None:
    client = get_deploy_client(options.url)
    names = [endpoint.name for endpoint in client.list_endpoints()]
    check(options.agent in names, f"it lists {names}")
    endpoint = client.get_endpoint(options.agent)
    check(endpoint.endpoint_url == f"{options.url}/endpoints/{options.agent}/invocations", f"it is {endpoint}")
    answer = client.predict(endpoint=options.agent, inputs={"input": [{"role": "user", "content": options.question}]})
    check(options.answer in text_of(answer), f"it answers {answer}")


def plain_requests(options: argparse.Namespace) -> None:
    asked = {"input": [{"role": "user", "content": options.question}]}
    answer = requests.post(f"{options.url}/invocations", json=asked, timeout=60)
    check(answer.ok and options.answer in text_of(answer.json()), f"it answers {answer.text[:500]}")
    with requests.post(f"{options.url}/invocations", json={**asked, "stream": True}, stream=True, timeout=60) as stream:
        lines = [line.removeprefix("data: ") for line in stream.iter_lines(decode_unicode=True) if line]
    check(lines[-1] == "[DONE]", f"the stream ends with {lines[-1]}")
    events = [json.loads(line) for line in lines[:-1]]
    streamed = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    check(options.answer in streamed, f"it streams {streamed!r}")


def curl(options: argparse.Namespace) -> None:
    asked = json.dumps({"input": options.question})
    command = ["curl", "-sS", "--fail-with-body", f"{options.url}/v1/responses", "--json", asked]
    ended = subprocess.run(command, capture_output=True, text=True)
    check(ended.returncode == 0, f"it ends with {ended.returncode}: {ended.stdout}{ended.stderr}")
    check(options.answer in text_of(json.loads(ended.stdout)), f"it answers {ended.stdout[:500]}")


CLIENTS: dict[str, Callable[[argparse.Namespace], None]] = {
    f"OpenAI Agents SDK {version('openai-agents')}": agents_sdk,
    f"LangChain {version('langchain-openai')}": langchain,
    f"MLflow's deployments {version('mlflow')}": deployments,
    f"requests {version('requests')}": plain_requests,
    "curl": curl,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--agent", default="support")
    parser.add_argument("--question", required=True)
    parser.add_argument("--answer", required=True, help="a part of it")
    parser.add_argument("--call", help="a question to which the function `now` is called")
    parser.add_argument("--no-usage", action="store_true", help="the server behind does not tell the tokens (before 0.3)")
    options = parser.parse_args()
    problems = 0
    for name, client in CLIENTS.items():
        try:
            client(options)
            print(f"{name}: works")
        except Exception as error:  # Whatever a client makes of it.
            problems += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
