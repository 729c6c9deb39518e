"""A Llama Stack or OGX server: how it is asked, where its versions keep their APIs, and what it says when it fails."""

import base64
import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from ssl import CERT_NONE, SSLContext
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.ssl_ import create_urllib3_context

from .secrets import SentSecrets

JSON = dict[str, Any]
# Whoever closes it ends the exchange with the server.
Events = Generator[JSON, None, None]

CONNECT_SECONDS = 10
SILENCE_SECONDS = 300  # Between two bytes of an answer.
CONNECTIONS = 64
PIECE = 512  # Bytes that are waited for where an answer does not come in chunks.


class LlamaStackError(Exception):
    """The question could not be put to Llama Stack, or was not answered; the message is for people."""


@dataclass(frozen=True)
class Generation:
    """Where a version of the server keeps its APIs."""

    version: str

    @property
    def openai(self) -> str:
        """The prefix of the APIs that are OpenAI's."""
        return "/v1/openai/v1" if self._is("0.2") else "/v1"

    @property
    def agents(self) -> str | None:
        """Where agents are objects of the server; None since 0.4, which has none."""
        return "/v1/agents" if self._is("0.2") else "/v1alpha/agents" if self._is("0.3") else None

    @property
    def client_tools_have_schemas(self) -> bool:
        """Whether functions of server agents are told by their schema; 0.2 takes a list of parameters."""
        return not self._is("0.2")

    @property
    def takes_mcp_authorization(self) -> bool:
        """Whether the token of an MCP server has a field of its own; 0.2 and 0.3 take it among the tool's headers."""
        return not self._is("0.2") and not self._is("0.3")

    @property
    def heeded_sampling(self) -> frozenset[str]:
        """The fields that tune an answer and that the Responses API heeds. Others are not sent: 0.5 refuses `top_p`, and
        takes `max_output_tokens` for another field, so that every answer breaks off."""
        if self._is("0.2") or self._is("0.3"):
            return frozenset({"temperature"})
        if self._is("0.4") or self._is("0.5"):
            return frozenset({"temperature", "tool_choice"})
        return frozenset({"temperature", "tool_choice", "top_p", "max_output_tokens"})

    @property
    def has_guardrails(self) -> bool:
        """Whether the Responses API looks at `guardrails`; 0.2 ignores the field in silence."""
        return not self._is("0.2")

    @property
    def fails_on_guarded_calls(self) -> bool:
        """Whether the Responses API fails where it is to look at an input with function calls (seen up to 0.7.3)."""
        return any(map(self._is, ("0.3", "0.4", "0.5", "0.6", "0.7")))

    def _is(self, minor: str) -> bool:
        return self.version.startswith(minor + ".")


def secret(value: str | None, variable: str) -> str | None:
    """What a variable holds: line ends behind it do not count, and control characters fit no header."""
    trimmed = (value or "").rstrip("\r\n")
    if any(character < " " and character != "\t" or character == "\x7f" for character in trimmed):
        raise LlamaStackError(
            f"The secret from the environment variable `{variable}` has a line break or another control character in "
            "it, which no HTTP header can hold. Write the secret alone, on one line."
        )
    return trimmed or None


class Authorization(AuthBase):
    """Who asks: what the header says, or nobody. Where requests is told, it looks into no `.netrc`."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value is not None:
            request.headers["Authorization"] = self._value
        return request


@dataclass(frozen=True)
class TLS:
    """How a connection over TLS is checked, and who this side says it is."""

    authorities: str | None = None  # A file of authorities, beside those that requests knows.
    certificate: str | None = None
    key: str | None = None  # None where it is in the file of the certificate.
    is_insecure: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "TLS":
        return cls(
            environment.get("LLAMASTACK_CA_FILE") or environment.get("SSL_CERT_FILE") or None,
            environment.get("LLAMASTACK_CLIENT_CERT") or None, environment.get("LLAMASTACK_CLIENT_KEY") or None,
            environment.get("LLAMASTACK_INSECURE", "").lower() in ("1", "true"),
        )

    def adapter(self) -> HTTPAdapter:
        """Makes the connections. Raises LlamaStackError for a file that cannot be used."""
        context = create_urllib3_context()
        if self.is_insecure:
            context.check_hostname = False
            context.verify_mode = CERT_NONE
        elif self.authorities:
            try:
                context.load_verify_locations(self.authorities)
            except OSError:
                raise LlamaStackError(
                    f"The CA file `{self.authorities}` cannot be read, or holds no certificates in PEM format."
                ) from None
        if self.certificate:
            try:
                context.load_cert_chain(self.certificate, self.key, password="")  # It would be asked for at a terminal.
            except OSError:
                raise LlamaStackError(
                    f"The certificate `{self.certificate}` cannot be used with its key "
                    f"`{self.key or self.certificate}`: both are in PEM format, and the key is not encrypted."
                ) from None
        return SecureAdapter(context)


class SecureAdapter(HTTPAdapter):
    """Connections over TLS, also through a proxy."""

    def __init__(self, context: SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *values: Any, **named: Any) -> None:
        super().init_poolmanager(*values, **named, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        return super().proxy_manager_for(proxy, **named, ssl_context=self._context)


class LlamaStack:
    """A server. All its failures are `LlamaStackError`.

    What was sent as a secret is taken out of what it says here, where it arrives; who sends one tells `sent` of it.
    """

    def __init__(self, base_url: str, api_key: str | None = None, tls: TLS | None = None) -> None:
        self.sent = SentSecrets()
        address, user, password = without_login(base_url)
        self.base_url = address.rstrip("/").removesuffix("/v1")
        if password:
            self.sent.add([password, f"{user}:{password}"])
        # An empty proxy is none; without one, requests takes the environment's.
        self._proxies = {"http": "", "https": ""} if is_loopback(self.base_url) else None
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        self._tls = tls or TLS()
        if self.base_url.lower().startswith("https://"):
            self._session.mount("https://", self._tls.adapter())
        api_key = secret(api_key, "LLAMASTACK_API_KEY")
        authorization = None if user is None else basic(user, password or "")
        if api_key and api_key != "fake":
            authorization = f"Bearer {api_key}"
            self.sent.add([api_key])
        self._session.auth = Authorization(authorization)

    @cached_property
    def generation(self) -> Generation:
        """Asked once, when it is first needed."""
        answer = self.call("GET", "/v1/version")
        return Generation(str(answer.get("version") if isinstance(answer, dict) else answer))

    def call(self, method: str, path: str, body: JSON | None = None) -> Any:
        """Sends a request, and returns the JSON of its answer; None when it is empty."""
        with self._send(method, path, body, {}, stream=False) as response:
            try:
                return self.sent.cleared_json(response.json()) if response.content else None
            except ValueError as error:
                said = self.sent.cleared_message(str(error))
                raise LlamaStackError(f"{method} {response.url} was not answered with JSON: {said}") from None

    def events(self, path: str, body: JSON, headers: Mapping[str, str] | None = None) -> Events:
        """Posts, and yields the data of every server-sent event as it arrives."""
        headers = {"Accept": "text/event-stream", **(headers or {})}
        try:
            with self._send("POST", path, body, headers, stream=True) as response:
                for event in event_data(lines_of(response.iter_content(PIECE))):
                    yield self._told(event)
        except (requests.RequestException, ValueError) as error:  # A ValueError: an event that is not JSON.
            said = self.sent.cleared_message(str(error))
            raise LlamaStackError(f"POST {self.base_url}{path} failed: {said}") from None

    def _told(self, event: JSON) -> JSON:
        """An event without what was sent as a secret."""
        event = self.sent.cleared_json(event)
        for place in (event, event.get("response") or {}, event.get("error"), (event.get("response") or {}).get("error")):
            for field in ("error", "message", "detail") if isinstance(place, dict) else ():
                if isinstance(place.get(field), str):
                    place[field] = self.sent.cleared_message(place[field])
        return event

    def _send(
        self, method: str, path: str, body: JSON | None, headers: Mapping[str, str], stream: bool
    ) -> requests.Response:
        url = self.base_url + path
        timeout = (CONNECT_SECONDS, SILENCE_SECONDS)
        try:
            response = self._session.request(
                method, url, json=body, headers=headers, stream=stream, timeout=timeout, proxies=self._proxies,
                verify=not self._tls.is_insecure, allow_redirects=False)
            if 200 <= response.status_code < 300:
                return response
            with response:
                said = redirection(response) or server_message(self.sent.cleared(response.text))
                said = self.sent.cleared_message(said)
        except (OSError, ValueError) as error:  # A ValueError: a header that cannot be sent.
            said = self.sent.cleared_message(str(error))
            raise LlamaStackError(f"{method} {url} failed: {said}") from None
        raise LlamaStackError(f"{method} {url} was answered with status {response.status_code}: {said}")


def without_login(url: str) -> tuple[str, str | None, str | None]:
    """An address without user and password, and these; they are None where it has none."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    address = f"{scheme}{mark}{host}{slash}{path}"
    try:
        _ = urlsplit(address).port
    except ValueError:  # It is not quoted: what is taken for the port may be the beginning of a password.
        raise LlamaStackError(
            "The address of Llama Stack cannot be used: behind its host is no port from 1 to 65535. In a password, "
            "write `/` as `%2F`."
        ) from None
    if not at:
        return address, None, None
    user, _, password = login.partition(":")
    return address, unquote(user), unquote(password)


def is_loopback(url: str) -> bool:
    """Whether a server is on this machine, which no proxy leads to."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def basic(user: str, password: str) -> str:
    """The header of basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of an answer that arrives in pieces: a long one is put together once, and two pieces may meet in the
    middle of `\\r\\n`; requests does neither.
    """
    begun: list[bytes] = []
    for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield b"".join([*begun, end]).removesuffix(b"\r")
            begun = []
        begun.append(rest)
    last = b"".join(begun)
    if last:
        yield last


def event_data(lines: Iterable[bytes]) -> Iterator[JSON]:
    """The JSON of each server-sent event; a closing `[DONE]` is not one."""
    data: list[bytes] = []
    for line in chain(lines, [b""]):
        if line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line and data:
            text = b"\n".join(data)
            data = []
            if text != b"[DONE]":
                yield json.loads(text)


def redirection(response: requests.Response) -> str | None:
    """Where a response leads to, without what may be secret in the address; None when it leads nowhere.

    None is followed: another server would be told tokens and what was asked, and a POST may become a GET.
    """
    if not response.is_redirect:
        return None
    target = urlsplit(urljoin(response.url, response.headers["location"]))
    host = target.netloc.rpartition("@")[2]
    place = f"{target.scheme}://{host}"
    return f"it redirects to `{place}`, which is not followed. Set `LLAMASTACK_BASE_URL` to the address behind it."


def server_message(text: str) -> str:
    """What a server says in the body of an error, in any of the shapes that Llama Stack and OGX use."""
    try:
        body = json.loads(text)
    except ValueError:
        return text[:2000]
    return message_of(body) if isinstance(body, dict) else text[:2000]


def message_of(body: JSON) -> str:
    """What an error says: `{"error": {"message"}}`, `{"error": {"detail"}}`, `{"detail"}`, or an event like them."""
    error = body.get("error") or body
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    return error if isinstance(error, str) else json.dumps(error)
