import Engine
import Language
import Wire

extension VectorStoreResource {
    /// Uploads and attaches what is missing, waits for what is being ingested, then takes out what is no longer wanted; that
    /// stays while something failed. Several at a time where that is tried (`bringTogether`), else one after the other.
    ///
    /// Where the server would lose the passages of both, a document that only gets other attributes or another path is taken
    /// out before it is brought again.
    ///
    /// An upload carries no mark, so it is announced in the record first: after a crash the next run finds it there.
    ///
    /// - Parameter lost: Files whose documents are to be brought again although the server lists them.
    func bringDocuments(
        of desired: Desired, into live: inout LiveStore, again lost: Set<String> = [], at address: Address,
        in context: ApplyContext
    ) async throws {
        let changes = DocumentChanges(desired, live, again: lost)
        let found = try await prepare(changes.attach.map(\.document), at: address, in: context)
        let before = try await broughtAgain(changes).union(lost)
        for file in before { try await remove(file, from: live.store.id) }
        let course = Course(of: changes.attach.count, context.progress)
        let store = live.store.id
        let brought = try await bring(changes.attach, into: &live) { coming in
            try await course.following {
                try await bring(
                    coming, reusing: found[coming.document.path], chunking: desired.chunking, into: store, at: address)
            }
        }
        var problems = brought.outcomes.compactMap(\.problem)
        for (document, file) in changes.unfinished {
            let problem = try await document.telling(at: address) { try await settle(file, document, in: store) }
            problems += problem.map { [$0] } ?? []
        }
        if brought.isKept {
            let missing = try await unfound(brought.outcomes.compactMap(\.arrived?.mark), of: desired, in: store)
            if missing.isEmpty {
                try await settle(&live)
            } else {
                problems.append(.lost(changes.attach.filter { missing.contains($0.mark) }, at: address))
            }
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        if !live.takesTogether(on: server.capabilities) { try await settle(&live) }
        for file in changes.detach where !before.contains(file.id) { try await remove(file.id, from: store) }
        if !changes.attach.isEmpty || context.intent != nil { try await context.record.close(intentOf: address) }
    }

    /// Brings documents in the way that the store takes; a lone one is kept by itself.
    private func bring(
        _ coming: [Coming], into live: inout LiveStore, _ one: @escaping @Sendable (Coming) async throws -> Brought
    ) async throws -> BroughtTogether {
        let isTogether = live.takesTogether(on: server.capabilities)
        guard isTogether, coming.count > 1 || live.isUnsettled || live.isBuilding else {
            return BroughtTogether(outcomes: try await coming.concurrentMap(limit: 1, one))
        }
        return try await bringTogether(coming, into: &live, one)
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
        _ coming: Coming, reusing file: String?, chunking: ChunkingSpec, into store: String, at address: Address
    ) async throws -> Brought {
        let document = coming.document
        var isOpen = false
        var isGone = false
        let problem = try await document.telling(at: address) {
            do {
                let id = if let file { file } else { try await uploading.run { try await upload(document) } }
                let attributes = document.attributes.merging([LiveStore.markKey: coming.mark]) { _, mark in mark }
                isOpen = true
                let attached = try await attaching.run {
                    try await server.files(in: store).attach(id, attributes: attributes, chunking: chunking.wire)
                }
                try await settle(attached, document, in: store)
            } catch let error as WireError {
                isOpen = isOpen && error.leavesOpen
                isGone = error.isUnreachable
                throw error
            } catch {
                isOpen = false
                throw error
            }
        }
        guard let problem else { return .done(coming) }
        return isGone ? .unreachable(problem) : isOpen ? .unanswered(problem) : .failed(problem)
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
    func remove(_ file: String, from store: String) async throws {
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
    /// Documents that were taken in and are not found.
    static func lost(_ coming: [Coming], at address: Address) -> Diagnostic {
        let paths = coming.map { "`\($0.document.path)`" }
        let named = paths.prefix(3).joined(separator: ", ") + (paths.count > 3 ? " and \(paths.count - 3) more" : "")
        return Diagnostic(
            "lost-documents", "Documents that the server lost",
            detail: "The server took in \(named), and does not find them: it was restarted meanwhile, or has several "
                + "workers.",
            fix: "Apply again, which brings them again; run a server with faiss with one worker.",
            at: coming.first?.document.range, address: address.description, cause: .incomplete)
    }

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
