"""Writes traces with MLflow's own exporter, as an agent in Python does; prints `mlflow KIND COUNT SECONDS`.

    MLFLOW_TRACKING_URI=… python traces.py EXPERIMENT_ID COUNT

The time begins with the first trace and ends when the exporter's queue is empty; importing MLflow is not in it.
"""

import sys
import time

import mlflow
from mlflow.entities import SpanType

TEXT = "Returned goods are paid back within 30 days. " * 12


def trace(number: int) -> None:
    question = f"What is the refund window of order {number}?"
    messages = [{"role": "user", "content": question}]
    with mlflow.start_span("support", span_type=SpanType.AGENT) as root:
        root.set_inputs({"input": messages})
        mlflow.update_current_trace(metadata={"mlflow.trace.session": f"session-{number}"})
        for name, kind in (("llm", SpanType.CHAT_MODEL), ("knowledge", SpanType.RETRIEVER), ("llm", SpanType.CHAT_MODEL)):
            with mlflow.start_span(name, span_type=kind) as span:
                span.set_inputs({"messages": messages})
                span.set_outputs({"content": TEXT})
        root.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150})
        root.set_outputs({"output": TEXT})


def main() -> None:
    experiment_id, count = sys.argv[1], int(sys.argv[2])
    mlflow.set_experiment(experiment_id=experiment_id)
    trace(-1)  # What is set up once is not counted.
    mlflow.flush_trace_async_logging()
    start = time.perf_counter()
    for number in range(count):
        trace(number)
    mlflow.flush_trace_async_logging()
    seconds = time.perf_counter() - start
    found, token = 0, None
    while True:
        page = mlflow.MlflowClient().search_traces(
            experiment_ids=[experiment_id], max_results=500, page_token=token, include_spans=False)
        found, token = found + len(page), page.token
        if not token:
            break
    if found != count + 1:
        sys.exit(f"MLflow's exporter wrote {found} of {count + 1} traces.")
    print(f"mlflow exporter {count} {seconds}")


if __name__ == "__main__":
    main()
