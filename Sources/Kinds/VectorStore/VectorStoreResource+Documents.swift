import Engine
import Language
import Wire

extension VectorStoreResource {
    /// Uploads and attaches what is missing, waits for what is being ingested, then takes out what is no longer wanted; that
    /// stays while something failed. One document after the other: the servers (0.2.24 to OGX 1.5.0, faiss) write the whole
    /// index after each, and of two at a time the older one may be written last. Then the search finds all, but after a
    /// restart only some.
    ///
    /// Where the server would lose the passages of both, a document that only gets other attributes or another path is taken
    /// out before it is brought again.
    ///
    /// An upload carries no mark, so it is announced in the record first: after a crash the next run finds it there.
    func bringDocuments(
        of desired: Desired, into live: LiveStore, at address: Address, in context: ApplyContext
    ) async throws {
        let changes = DocumentChanges(desired, live)
        let new = changes.attach.map(\.document)
        let found = try await prepare(new, at: address, in: context)
        let before = try await broughtAgain(changes)
        for file in before { try await remove(file, from: live.store.id) }
        var failures: [Diagnostic?] = []
        for (index, (document, mark)) in changes.attach.enumerated() {
            failures.append(
                try await document.telling(at: address) {
                    try await bring(document, mark, reusing: found[document.sha256], desired, into: live.store.id)
                    context.progress("\(index + 1) of \(new.count) documents")
                })
        }
        for (document, file) in changes.unfinished {
            failures.append(
                try await document.telling(at: address) { try await settle(file, document, in: live.store.id) })
        }
        let problems = failures.compactMap(\.self)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        for file in changes.detach where !before.contains(file.id) { try await remove(file.id, from: live.store.id) }
        if !new.isEmpty || context.intent != nil { try await context.record.close(intentOf: address) }
    }

    /// The files to take out whose content comes again, where that cannot be there twice.
    private func broughtAgain(_ changes: DocumentChanges) async throws -> Set<String> {
        guard server.capabilities.mergesEqualPassages, !changes.attach.isEmpty else { return [] }
        let coming = Set(changes.attach.map(\.document.sha256))
        let server = server
        return Set(
            try await changes.detach.concurrentMap(limit: 4) { file in
                try await server.digest(ofFile: file.id).flatMap { coming.contains($0) ? file.id : nil }
            }.compactMap(\.self))
    }

    /// Announces what will be uploaded, and takes up what an interrupted run left, by SHA-256.
    private func prepare(
        _ documents: [Document], at address: Address, in context: ApplyContext
    ) async throws -> [String: String] {
        let earlier = Announcement(context.intent)
        if !documents.isEmpty {
            let announcement = earlier.adding(documents, to: try await leftovers.listed())
            if announcement != earlier { try await context.record.open(announcement.value, for: address) }
        }
        guard context.intent != nil else { return [:] }
        return try await leftovers.take(earlier, wanted: documents)
    }

    /// Deletes what interrupted runs uploaded for a store that goes.
    func clearLeftovers(in context: ApplyContext) async throws {
        guard let intent = context.intent else { return }
        _ = try await leftovers.take(Announcement(intent), wanted: [])
    }

    private func bring(
        _ document: Document, _ mark: String, reusing file: String?, _ desired: Desired, into store: String
    ) async throws {
        let id: String
        if let file {
            id = file
        } else {
            id = try await upload(document)
        }
        let attributes = document.attributes.merging([LiveStore.markKey: mark]) { _, mark in mark }
        let attached = try await server.files(in: store).attach(
            id, attributes: attributes, chunking: desired.chunking.wire)
        try await settle(attached, document, in: store)
    }

    /// Waits until a document is ingested; one that cannot be is taken out again.
    private func settle(
        _ attached: LlamaStack.VectorStoreFile, _ document: Document, in store: String
    ) async throws {
        guard attached.status != .completed else { return }
        let settled = attached.status == .inProgress ? try await wait(for: attached.id, in: store) : attached
        guard settled.status != .completed else { return }
        try await remove(attached.id, from: store)
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
            at: document.range, cause: .incomplete)
    }
}

extension Document {
    /// Runs what brings the document, and tells what went wrong at its place.
    fileprivate func telling(at address: Address, _ body: () async throws -> Void) async throws -> Diagnostic? {
        do {
            try await body()
            return nil
        } catch let cancellation as CancellationError {
            throw cancellation
        } catch {
            var diagnostic = Diagnostic.from(error, at: address)
            diagnostic.subject = diagnostic.subject ?? range
            return diagnostic
        }
    }
}
