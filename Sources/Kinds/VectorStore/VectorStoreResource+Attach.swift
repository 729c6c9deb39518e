import Engine
import Language
import Wire

/// The store that documents are attached to, and its address.
struct Delivery: Sendable {
    let store: String
    let chunking: ChunkingSpec
    let address: Address
    let context: ApplyContext
    let course: Course
}

extension VectorStoreResource {
    /// Attaches documents, at most `limit` concurrently. What is sent is recorded before: after an interruption it is
    /// known which may be unfinished. After a lost response nothing more is sent before it is known what became of it.
    func attach(_ uploaded: [Uploaded], atOnce limit: Int, _ delivery: Delivery) async throws -> BroughtTogether {
        var together = BroughtTogether()
        var rest = uploaded[...]
        while !rest.isEmpty, !delivery.course.isOver, !delivery.course.isInterrupted {
            let outcomes = try await attach(from: &rest, atOnce: limit, delivery)
            together.hadLostAnswers = together.hadLostAnswers || outcomes.contains { $0.open != nil }
            together.outcomes += try await awaited(outcomes, delivery)
        }
        together.outcomes += rest.map { _ in .skipped }
        return together
    }

    /// Attaches small groups of documents, the next one as soon as one has ended, until all are or a response is lost.
    private func attach(
        from rest: inout ArraySlice<Uploaded>, atOnce limit: Int, _ delivery: Delivery
    ) async throws -> [Brought] {
        let size = max(1, limit / Self.groups)
        let announcer = Announcer { try await announce($0, delivery) }
        return try await withThrowingTaskGroup(of: (Int, [Brought]).self) { tasks in
            var inFlight = 0
            var outcomes: [[Brought]] = []
            var mayStart = true
            while true {
                while mayStart, !rest.isEmpty, !delivery.course.isInterrupted, inFlight < max(1, limit / size) {
                    let (group, number) = (Array(rest.prefix(size)), outcomes.count)
                    rest = rest.dropFirst(size)
                    inFlight += 1
                    outcomes.append([])
                    tasks.addTask {
                        try await announcer.announce(group, as: number)
                        let brought = try await group.concurrentMap(limit: size) { try await attach($0, delivery) }
                        await announcer.end(number, brought)
                        return (number, brought)
                    }
                }
                guard let (number, brought) = try await tasks.next() else { return outcomes.flatMap(\.self) }
                inFlight -= 1
                outcomes[number] = brought
                mayStart = mayStart && !delivery.course.isOver && !brought.contains(where: \.isUnsure)
            }
        }
    }

    private func announce(_ uploaded: [Uploaded], _ delivery: Delivery) async throws {
        let attaching = Attaching(uploaded, to: delivery.store)
        try await delivery.context.record.open(attaching.value, for: Attaching.place(for: delivery.address))
    }

    private func attach(_ uploaded: Uploaded, _ delivery: Delivery) async throws -> Brought {
        guard !delivery.course.isOver else { return .skipped }
        let (document, mark) = (uploaded.coming.document, uploaded.coming.mark)
        do {
            let files = server.files(in: delivery.store)
            let attached = try await attaching.run {
                try await files.attach(
                    uploaded.file.id, attributes: document.attributes(with: mark), chunking: delivery.chunking.wire)
            }
            let settled = try await settle(attached, document, in: delivery.store)
            delivery.course.advance()
            return .done(uploaded.coming, settled)
        } catch {
            let problem = try document.problem(error, at: delivery.address)
            guard let error = error as? WireError else { return .failed(problem) }
            if error.isUnreachable { delivery.course.end() }
            return error.isUnreachable
                ? .unreachable(problem) : error.leavesOpen ? .unanswered(uploaded, problem) : .failed(problem)
        }
    }

    /// The same outcomes, after waiting for documents without a response.
    private func awaited(_ outcomes: [Brought], _ delivery: Delivery) async throws -> [Brought] {
        let open = outcomes.compactMap(\.open)
        guard !open.isEmpty else { return outcomes }
        let listed: [LlamaStack.VectorStoreFile]
        do {
            listed =
                try await awaitListed(Attaching(open, to: delivery.store)) { delivery.context.progress(.text($0)) }
                ?? []
        } catch is WireError {
            listed = []  // The server does not answer at all: the next run asks it.
        }
        let files = Dictionary(listed.map { ($0.id, $0) }) { first, _ in first }
        var settled: [Brought] = []
        for outcome in outcomes { settled.append(try await self.settled(outcome, files, delivery)) }
        if settled.contains(where: { $0.open != nil }) { delivery.course.end() }
        return settled
    }

    private func settled(
        _ outcome: Brought, _ listed: [String: LlamaStack.VectorStoreFile], _ delivery: Delivery
    ) async throws -> Brought {
        guard let uploaded = outcome.open, let file = listed[uploaded.file.id] else { return outcome }
        let document = uploaded.coming.document
        do {
            let settled = try await settle(file, document, in: delivery.store)
            delivery.course.advance()
            return .done(uploaded.coming, settled)
        } catch {
            return .failed(try document.problem(error, at: delivery.address))
        }
    }

    /// Waits until a document is ingested; one that cannot be ingested is detached.
    func settle(
        _ attached: LlamaStack.VectorStoreFile, _ document: Document, in store: String
    ) async throws -> LlamaStack.VectorStoreFile {
        guard attached.status != .completed else { return attached }
        let settled = attached.status == .inProgress ? try await wait(for: attached.id, in: store) : attached
        guard settled.status != .completed else { return settled }
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
}

extension ChunkingSpec {
    fileprivate var wire: LlamaStack.Chunking {
        switch self {
        case .auto: .auto
        case .fixed(let maxTokens, let overlap): .fixed(maxTokens: maxTokens, overlap: overlap)
        }
    }
}

extension Document {
    /// Its attributes in a store.
    func attributes(with mark: String) -> [String: String] {
        attributes.merging([LiveStore.markKey: mark]) { _, mark in mark }
    }

    /// Whether a file has them.
    func hasAttributes(in file: LlamaStack.VectorStoreFile, with mark: String) -> Bool {
        file.attributes[LiveStore.markKey]?.string == mark
            && attributes.allSatisfy { $0.key == LiveStore.markKey || file.attributes[$0.key]?.string == $0.value }
    }

    /// The problem with a document, at its place in the spec; a cancellation is rethrown.
    func problem(_ error: any Error, at address: Address) throws -> Diagnostic {
        if let cancellation = error as? CancellationError { throw cancellation }
        var diagnostic = Diagnostic.from(error, at: address.description)
        diagnostic.subject = diagnostic.subject ?? range
        return diagnostic
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
