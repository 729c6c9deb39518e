"""The agent as MLflow runs it."""

from collections.abc import Generator
from contextlib import closing

import mlflow
from mlflow.pyfunc import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse, ResponsesAgentStreamEvent

from .items import filled, mlflow_events, mlflow_response
from .llama_stack import JSON, Events
from .secrets import ClearedText, SentSecrets
from .spans import Span
from .tools import sampling_of
from .turns import Runtime, Turn, response_of


class DroverAgent(ResponsesAgent):
    """The agent that the definition describes."""

    def __init__(self, definition: JSON, runtime: Runtime, sent: SentSecrets | None = None) -> None:
        self._definition = definition
        self._runtime = runtime
        self._sent = sent or SentSecrets()

    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        """Answers at once."""
        response = response_of(self._turn(request))
        return ResponsesAgentResponse(**mlflow_response(response), **custom_outputs(response))

    def predict_stream(self, request: ResponsesAgentRequest) -> Generator[ResponsesAgentStreamEvent, None, None]:
        """Answers piece by piece, as the pieces arrive; the last event holds the whole response."""
        with closing(self._turn(request)) as events:
            for event in events:
                for spelled in mlflow_events(event):
                    yield ResponsesAgentStreamEvent(**spelled, **custom_outputs(event.get("response") or {}))

    def _turn(self, request: ResponsesAgentRequest) -> Events:
        root = mlflow.get_current_active_span()  # None when tracing is off, or this turn is not sampled.
        if root is not None:
            name_session(request)
        asked = {
            "temperature": request.temperature, "top_p": request.top_p,
            "max_output_tokens": request.max_output_tokens,
        }
        return told_without(self._sent, self._runtime.run(Turn(
            input=[item.model_dump(exclude_none=True) for item in request.input],
            sampling=sampling_of(self._definition, asked),
            span=Span(root),
            conversation=request.context.conversation_id if request.context else None,
        )))


def told_without(sent: SentSecrets, events: Events) -> Events:
    """The events without what was sent as a secret, also where the model speaks it in several pieces."""
    spoken = ClearedText(sent)
    item = None
    with closing(events):
        for event in events:
            is_piece = event.get("type") == "response.output_text.delta"
            if not is_piece or event.get("item_id") != item:
                rest = spoken.end()
                if rest:
                    yield {"type": "response.output_text.delta", "item_id": item, "delta": rest}
            if not is_piece:
                yield sent.cleared_json(event)
                continue
            item = event.get("item_id")
            piece = spoken.next(event["delta"])
            if piece:
                yield {**event, "delta": piece}


def custom_outputs(response: JSON) -> JSON:
    """What is said of an answer beside the answer: why chat completions gave it, if they did."""
    fallback = response.get("fallback")
    return {"custom_outputs": {"fallback": fallback}} if fallback else {}


def name_session(request: ResponsesAgentRequest) -> None:
    """Says in the trace whose conversation it belongs to."""
    context = request.context
    metadata = filled({
        "mlflow.trace.session": context and context.conversation_id,
        "mlflow.trace.user": context and context.user_id,
    })
    if metadata:
        mlflow.update_current_trace(metadata=metadata)
