"""A stub of OGX with files and vector stores, for benchmarks of what drover does with them; it ingests nothing, but may
wait as if it did."""

import http.server
import itertools
import json
import threading
import time
import urllib.parse

from mlflow_servers import Exchange

MODEL = "bench/embed"
PATHS = {
    "/v1/models": ["get"], "/v1/responses": ["get", "post"], "/v1/files": ["get", "post"],
    "/v1/vector_stores": ["get", "post"], "/v1/vector_stores/{vector_store_id}": ["get", "post", "delete"],
    "/v1/vector_stores/{vector_store_id}/files": ["get", "post"],
    "/v1/vector_stores/{vector_store_id}/search": ["post"],
}
FIXED = {
    "/v1/version": {"version": "1.5.0"},
    "/v1/models": {
        "object": "list",
        "data": [{
            "id": MODEL, "object": "model", "created": 0, "owned_by": "ogx",
            "custom_metadata": {
                "model_type": "embedding", "provider_id": "bench", "provider_resource_id": "embed",
                "embedding_dimension": 8}}]},
    "/openapi.json": {
        "openapi": "3.1.0", "info": {"title": "OGX"},
        "paths": {path: {verb: {} for verb in verbs} for path, verbs in PATHS.items()}},
    "/v1/providers": {"data": [{"provider_id": "faiss", "api": "vector_io", "provider_type": "inline::faiss"}]},
}


class Store(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, ingestion: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        # How long it takes to attach a file, in seconds, however many are attached at a time.
        self.ingestion = ingestion
        self.numbers = itertools.count(1)
        self.files: dict[str, dict] = {}
        self.stores: dict[str, dict] = {}
        self.attached: dict[str, dict[str, dict]] = {}
        # What it was asked, while this is a list.
        self.exchanges: list[Exchange] | None = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Store

    def note(self, body: bytes = b"") -> None:
        if self.server.exchanges is not None:
            kind = self.headers.get("content-type") or ""
            self.server.exchanges.append(Exchange(self.command, self.path, body, kind, 200, b""))

    def do_GET(self) -> None:
        self.note()
        place = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(place.query))
        parts = place.path.strip("/").split("/")
        if place.path in FIXED:
            return self.answer(FIXED[place.path])
        if parts[1:] == ["files"]:
            return self.page(self.server.files, query, 10_000)
        if parts[1:] == ["vector_stores"]:
            return self.page(self.server.stores, query, 100)
        if len(parts) == 4 and parts[3] == "files":
            return self.page(self.server.attached[parts[2]], query, 100)
        return self.answer({"detail": "Not Found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.note(body)
        parts = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        number = next(self.server.numbers)
        if parts[1:] == ["files"]:
            name = body.split(b'filename="')[1].split(b'"')[0].decode()
            file = {
                "id": f"file-{number:032x}", "object": "file", "filename": name, "bytes": len(body), "purpose": "assistants",
                "created_at": 1_700_000_000 + number, "expires_at": 2_000_000_000}
            self.server.files[file["id"]] = file
            return self.answer(file)
        value = json.loads(body)
        if parts[1:] == ["vector_stores"]:
            store = {
                "id": f"vs_{number:08x}-0000-4000-8000-{number:012x}", "object": "vector_store", "name": value.get("name"),
                "created_at": 1_700_000_000, "status": "completed", "file_counts": {"total": 0},
                "metadata": {
                    **(value.get("metadata") or {}), "provider_id": "faiss", "embedding_model": MODEL,
                    "embedding_dimension": "8"}}
            self.server.attached[store["id"]] = {}
            self.server.stores[store["id"]] = store
            return self.answer(store)
        store, attached = self.server.stores[parts[2]], self.server.attached[parts[2]]
        if len(parts) == 3:
            store["metadata"] = value.get("metadata") or store["metadata"]
            return self.answer(store)
        if parts[3] == "search":
            filters = value["filters"]
            wanted = {each["value"] for each in filters.get("filters", [filters])}
            marks = [each["attributes"] for each in attached.values() if each["attributes"]["drover"] in wanted]
            return self.answer({"data": [{"attributes": each, "content": [], "score": 1} for each in marks]})
        time.sleep(self.server.ingestion)
        file = {
            "id": value["file_id"], "object": "vector_store.file", "status": "completed", "created_at": 1_700_000_000,
            "attributes": value["attributes"], "vector_store_id": parts[2],
            "chunking_strategy": value.get("chunking_strategy") or {"type": "auto"}}
        attached[file["id"]] = file
        store["file_counts"] = {"total": len(attached)}
        return self.answer(file)

    def page(self, items: dict[str, dict], query: dict[str, str], most: int) -> None:
        limit = min(int(query.get("limit", 20)), most)
        ids = list(items)
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        shown = ids[start : start + limit]
        self.answer({
            "object": "list", "data": [items[each] for each in shown], "has_more": start + limit < len(ids),
            "last_id": shown[-1] if shown else ""})

    def answer(self, value: dict, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
