import Engine
import FoundationEssentials
import Language
import Wire

extension VectorStoreResource {
    /// Uploads and attaches what is missing, four at a time, then takes out what is no longer wanted.
    ///
    /// An upload carries no mark, so it is announced in the record first: after a crash the next run finds it there.
    func bringDocuments(
        of desired: Desired, into live: LiveStore, at address: Address, in context: ApplyContext
    ) async throws {
        let changes = DocumentChanges(desired, live)
        let found = try await leftovers(context.intent, of: live, wanted: changes.attach.map(\.document))
        if !changes.attach.isEmpty { try await context.record.open(intent(for: changes.attach), for: address) }
        let total = changes.attach.count
        let done = Count()
        let failures = try await changes.attach.concurrentMap(limit: 4) { document, mark -> Diagnostic? in
            do {
                try await bring(document, mark, reusing: found[document.sha256], desired, into: live.store.id)
                context.progress("\(done.next()) of \(total) documents")
                return nil
            } catch {
                return Diagnostic.from(error, at: address).about(document)
            }
        }
        for file in changes.detach { try await remove(file.id, from: live.store.id) }
        if let first = failures.compactMap(\.self).first {
            throw first.joined(with: failures.compactMap(\.self).dropFirst())
        }
        if !changes.attach.isEmpty || context.intent != nil { try await context.record.close(intentOf: address) }
    }

    private func bring(
        _ document: Document, _ mark: String, reusing file: String?, _ desired: Desired, into store: String
    ) async throws {
        let id: String
        if let file {
            id = file
        } else {
            id = try await server.files.upload(try await bytes(of: document), path: document.path).id
        }
        let attributes = document.attributes.merging([LiveStore.markKey: mark]) { _, mark in mark }
        let attached = try await server.files(in: store).attach(
            id, attributes: attributes, chunking: desired.chunking.wire)
        guard attached.status != .completed else { return }
        let settled = attached.status == .inProgress ? try await wait(for: id, in: store) : attached
        guard settled.status != .completed else { return }
        try await remove(id, from: store)
        throw Diagnostic.notIngested(document, settled.lastError ?? attached.lastError)
    }

    /// Waits until a document is ingested or has failed, at most ten minutes.
    private func wait(for file: String, in store: String) async throws -> LlamaStack.VectorStoreFile {
        let deadline = ContinuousClock.now + .seconds(600)
        while true {
            let current = try await server.files(in: store).get(file)
            guard current.status == .inProgress, ContinuousClock.now < deadline else { return current }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Deletes the file before its attachment: the attachment carries our mark, so a crash between leaves it findable.
    private func remove(_ file: String, from store: String) async throws {
        try await server.files.delete(file)
        try await server.files(in: store).detach(file)
    }

    private func bytes(of document: Document) async throws -> [UInt8] {
        let bytes: [UInt8]
        switch document.content {
        case .file(let path): bytes = try folder.bytes(of: path)
        case .text(let text): bytes = Array(text.utf8)
        case .download(let url, _): bytes = try await download(url)
        }
        guard sha256Hex(bytes) == document.sha256 else { throw Diagnostic.changedMeanwhile(document) }
        return bytes
    }

    private func download(_ url: Located<String>) async throws -> [UInt8] {
        do {
            let response = try await transport.send(HTTPRequest(.get, url.value, timeout: .seconds(120)))
            guard response.status == 200 else { throw Diagnostic.noDownload(url, "status \(response.status)") }
            return response.body
        } catch let failure as TransportFailure {
            throw Diagnostic.noDownload(url, failure.message)
        }
    }

    private func intent(for documents: [(document: Document, mark: String)]) -> Value {
        [
            "since": .integer(Int(Date().timeIntervalSince1970)),
            "documents": .array(
                documents.map { ["path": .string($0.document.path), "sha256": .string($0.document.sha256)] }),
        ]
    }

    /// What an interrupted run uploaded and did not attach, by SHA-256: what is still wanted is used, the rest deleted.
    private func leftovers(
        _ intent: Value?, of live: LiveStore, wanted: [Document]
    ) async throws -> [String: String] {
        guard let intent, let since = intent["since"]?.integer else { return [:] }
        let announced = Set(
            (intent["documents"]?.array ?? []).compactMap { entry in
                entry["path"]?.string.flatMap { path in entry["sha256"]?.string.map { Announcement(path, $0) } }
            })
        let paths = Set(announced.map(\.path))
        let attached = Set(live.files.map(\.id))
        var found: [String: String] = [:]
        for file in try await server.files.list() where file.createdAt >= since - 5 && paths.contains(file.path) {
            guard !attached.contains(file.id) else { continue }
            let digest = sha256Hex(try await server.files.content(of: file.id))
            guard announced.contains(Announcement(file.path, digest)) else { continue }
            if found[digest] == nil, wanted.contains(where: { $0.sha256 == digest && $0.path == file.path }) {
                found[digest] = file.id
            } else {
                try await server.files.delete(file.id)
            }
        }
        return found
    }

    private struct Announcement: Hashable {
        let path: String
        let sha256: String

        init(_ path: String, _ sha256: String) {
            self.path = path
            self.sha256 = sha256
        }
    }
}

extension ChunkingSpec {
    fileprivate var wire: LlamaStack.Chunking {
        switch self {
        case .auto: .auto
        case .fixed(let maxTokens, let overlap): .fixed(maxTokens: maxTokens, overlap: overlap)
        }
    }
}

extension Diagnostic {
    fileprivate static func notIngested(_ document: Document, _ reason: String?) -> Diagnostic {
        Diagnostic(
            "not-ingested", "A document could not be ingested",
            detail: "The server could not take in `\(document.path)`: "
                + "\(reason ?? "it gives no reason; its log may").",
            fix: "Check that the file is what its ending says and holds text, or take it out of `documents`.",
            at: document.range, exitCode: 6)
    }

    fileprivate static func changedMeanwhile(_ document: Document) -> Diagnostic {
        Diagnostic(
            "changed-meanwhile", "A document is not what was planned",
            detail: "`\(document.path)` has other content than its digest says.",
            fix: "For a file, plan again; for a download, check the address and its `sha256`.", at: document.range,
            exitCode: 7)
    }

    fileprivate static func noDownload(_ url: Located<String>, _ reason: String) -> Diagnostic {
        Diagnostic(
            "no-download", "A document could not be downloaded", detail: "`\(url.value)` gave no document: \(reason).",
            fix: "Check the address.", at: url.range, exitCode: 6)
    }

    fileprivate func about(_ document: Document) -> Diagnostic {
        var diagnostic = self
        diagnostic.subject = subject ?? document.range
        return diagnostic
    }

    /// One diagnostic that tells others as notes.
    fileprivate func joined(with others: some Sequence<Diagnostic>) -> Diagnostic {
        var diagnostic = self
        diagnostic.notes += others.map { Note("Also: \($0.detail)", at: $0.subject) }
        return diagnostic
    }
}
