"""The spans of a turn, below the root that MLflow makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import mlflow
from mlflow.entities import LiveSpan

from .llama_stack import JSON


class Span:
    """A span of the trace; without one, where nothing is traced, it does nothing."""

    def __init__(self, live: LiveSpan | None = None) -> None:
        self._live = live

    def start(self, name: str, kind: str, inputs: Any = None, attributes: JSON | None = None) -> "Span":
        """A child that somebody has to end."""
        if self._live is None:
            return Span()
        # Not a context of MLflow's: a generator that is left half-way would leave it in the wrong place.
        return Span(mlflow.start_span_no_context(
            name, span_type=kind, parent_span=self._live, inputs=inputs, attributes=attributes
        ))

    @contextmanager
    def child(self, name: str, kind: str, inputs: Any = None, attributes: JSON | None = None) -> Iterator["Span"]:
        """A child that ends with the block, failed when the block does."""
        span = self.start(name, kind, inputs, attributes)
        try:
            yield span
        except Exception as error:
            span.end(error=error)
            raise
        except GeneratorExit:  # The reader went away.
            span.end()
            raise
        span.end()

    def set(self, inputs: Any = None, outputs: Any = None, attributes: JSON | None = None) -> None:
        """Fills in what is known by now."""
        if self._live is None:
            return
        if inputs is not None:
            self._live.set_inputs(inputs)
        if outputs is not None:
            self._live.set_outputs(outputs)
        for name, value in (attributes or {}).items():
            self._live.set_attribute(name, value)

    def count(self, usage: JSON | None) -> None:
        """Says how many tokens the model read and wrote."""
        if self._live is not None and usage:
            counted = {key: usage[key] for key in ("input_tokens", "output_tokens", "total_tokens")}
            self._live.set_attribute("mlflow.chat.tokenUsage", counted)

    def fail(self, error: Exception | str) -> None:
        """Marks it as failed."""
        if self._live is None:
            return
        if isinstance(error, Exception):
            self._live.record_exception(error)
        else:
            self._live.set_status("ERROR")

    def end(self, outputs: Any = None, error: Exception | str | None = None) -> None:
        if self._live is None:
            return
        if error is not None:
            self.fail(error)
        self._live.end(outputs=outputs)


class OpenSpans:
    """Spans that begin and end with events, by a key; what is still open ends with the `with` block."""

    def __init__(self, parent: Span) -> None:
        self._parent = parent
        self._open: dict[str, Span] = {}

    def begin(self, key: str, name: str, kind: str, inputs: Any = None, attributes: JSON | None = None) -> None:
        self._open[key] = self._parent.start(name, kind, inputs, attributes)

    def end(self, key: str, inputs: Any = None, outputs: Any = None, error: str | None = None) -> None:
        span = self._open.pop(key, None)
        if span is not None:
            span.set(inputs=inputs)
            span.end(outputs=outputs, error=error)

    def __contains__(self, key: str) -> bool:
        return key in self._open

    def __enter__(self) -> "OpenSpans":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._open:
            self._open.popitem()[1].end(error=error if isinstance(error, Exception) else None)
