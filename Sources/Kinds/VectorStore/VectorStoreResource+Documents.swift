import Engine
package import Language
import Wire

extension VectorStoreResource {
    /// Uploads what is missing, attaches it, waits for what is being ingested, then detaches what is no longer wanted;
    /// that is retained while something has failed. Several documents are attached concurrently where that is tested
    /// (`attachTogether`), else one after the other.
    ///
    /// Where the server would lose the passages of both, a document that only gets other attributes or another path is
    /// detached before it is attached again.
    ///
    /// An upload carries no mark, so it is announced in the record first: after a crash the next run finds it there.
    func bringDocuments(
        of desired: Desired, into live: inout LiveStore, at address: Address, in context: ApplyContext
    ) async throws {
        let changes = DocumentChanges(desired, live)
        let found = try await prepare(changes.attach.map(\.document), at: address, in: context)
        let before = try await broughtAgain(changes)
        let elsewhere = try await filesElsewhere(
            changes.detach.map(\.id), than: live.store.id, at: address, in: context)
        for file in before.sorted() {
            try context.checkInterruption()
            try await remove(file, from: live.store.id, isElsewhere: elsewhere.contains(file))
        }
        let course = Course(of: changes.attach.count, in: context)
        let delivery = Delivery(
            store: live.store.id, chunking: desired.chunking, address: address, context: context, course: course)
        var (uploaded, problems) = try await upload(changes.attach, reusing: found, delivery)
        live.others.formUnion(try await leftovers.others(besides: uploaded.map(\.file)))
        let brought = try await attach(uploaded, into: &live, delivery)
        live.files += brought.outcomes.compactMap(\.file)
        let attempted = problems.count + brought.outcomes.count { !$0.isSkipped }
        if course.isInterrupted, attempted < changes.attach.count {
            // The rest was announced, and is for the next run.
            problems += brought.outcomes.compactMap(\.problem)
            throw problems.isEmpty ? CancellationError() : Diagnostics(problems)
        }
        problems += brought.outcomes.compactMap(\.problem) + (try await unfinished(changes, delivery))
        let lost = try await lost(brought, of: desired, in: live)
        if !lost.isEmpty { problems.append(.lost(lost, saying: equal(in: desired.documents), at: address)) }
        // What is uncertain stays announced: the next plan checks it.
        let isCertain = lost.isEmpty && !brought.outcomes.contains { $0.open != nil }
        if isCertain, !uploaded.isEmpty { try await context.record.close(intentOf: Attaching.place(for: address)) }
        if isCertain, brought.isKept || !live.takesTogether(on: server.capabilities) && problems.isEmpty {
            try await settle(&live)
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        try await finish(changes, except: before, elsewhere: elsewhere, in: &live, context)
        if !changes.attach.isEmpty || context.intent != nil { closeIntents(of: address, in: context) }
    }

    /// Attaches documents in the way that the store supports; a single one needs no phase.
    private func attach(
        _ uploaded: [Uploaded], into live: inout LiveStore, _ delivery: Delivery
    ) async throws -> BroughtTogether {
        let isTogether = live.takesTogether(on: server.capabilities)
        guard isTogether, uploaded.count > 1 || live.isUnsettled || live.isBuilding else {
            return try await attach(uploaded, atOnce: 1, delivery)
        }
        return try await attachTogether(uploaded, into: &live, delivery)
    }

    /// The problems of documents that an earlier run attached.
    private func unfinished(_ changes: DocumentChanges, _ delivery: Delivery) async throws -> [Diagnostic] {
        var problems: [Diagnostic] = []
        for (document, file) in changes.unfinished {
            do {
                _ = try await settle(file, document, in: delivery.store)
            } catch {
                problems.append(try document.problem(error, at: delivery.address))
            }
        }
        return problems
    }

    /// The documents that no search finds although the server has ingested them: checked when they were attached
    /// concurrently, and for the whole store when a response was lost.
    private func lost(
        _ brought: BroughtTogether, of desired: Desired, in live: LiveStore
    ) async throws -> [Document] {
        guard brought.isKept || brought.hadLostAnswers else { return [] }
        let sought = Sought(desired)
        let marks = brought.hadLostAnswers ? sought.marks(in: live) : brought.outcomes.compactMap(\.arrived?.mark)
        let lost = try await unfound(marks, of: sought, in: live.store.id)
        return lost.compactMap { sought.documents[$0] }.sorted { $0.path < $1.path }
    }

    /// The paths of documents with the content of another one, where the server keeps equal passages once.
    private func equal(in documents: [Document]) -> [String] {
        guard server.capabilities.mergesEqualPassages else { return [] }
        let groups = Dictionary(grouping: documents, by: \.sha256).values.filter { $0.count > 1 }
        return groups.flatMap { $0.map(\.path) }.sorted()
    }

    /// Detaches what is no longer wanted, when everything wanted is there, and corrects altered attributes.
    private func finish(
        _ changes: DocumentChanges, except gone: Set<String>, elsewhere: Set<String>, in live: inout LiveStore,
        _ context: ApplyContext
    ) async throws {
        for file in changes.detach where !gone.contains(file.id) {
            try context.checkInterruption()
            try await remove(file.id, from: live.store.id, isElsewhere: elsewhere.contains(file.id))
        }
        for (_, file, attributes) in changes.altered {
            try context.checkInterruption()
            try await server.files(in: live.store.id).update(file.id, attributes: attributes)
        }
        let detached = Set(changes.detach.map(\.id))
        live.files.removeAll { detached.contains($0.id) }
    }

    /// The files to detach whose content is attached again, where the server cannot have it twice.
    private func broughtAgain(_ changes: DocumentChanges) async throws -> Set<String> {
        guard server.capabilities.mergesEqualPassages, !changes.attach.isEmpty else { return [] }
        let coming = Set(changes.attach.map(\.document.sha256))
        let marks = Set(changes.attach.map(\.mark))
        let server = server
        return Set(
            try await changes.detach.concurrentMap(limit: 4) { file in
                if file.attributes[LiveStore.markKey]?.string.map(marks.contains) == true { return file.id }
                return try await server.files.digest(of: file.id).flatMap { coming.contains($0) ? file.id : nil }
            }.compactMap(\.self))
    }

    /// Announces the coming uploads, and takes the leftovers of an interrupted run, by SHA-256.
    private func prepare(
        _ documents: [Document], at address: Address, in context: ApplyContext
    ) async throws -> [String: LlamaStack.File] {
        let earlier = Announcement(context.intent)
        if !documents.isEmpty {
            let announcement = earlier.adding(documents, to: try await leftovers.listed())
            if announcement != earlier { try await context.record.open(announcement.value, for: address) }
        }
        guard context.intent != nil else { return [:] }
        return try await leftovers.take(earlier, wanted: documents)
    }

    /// Deletes the uploads of interrupted runs for a store that is deleted.
    func clearLeftovers(in context: ApplyContext) async throws {
        guard let intent = context.intent else { return }
        _ = try await leftovers.take(Announcement(intent), wanted: [])
    }

    /// Deletes the uploads of an interrupted run for a store that never came to be, or that somebody deleted.
    package func abandon(_ intent: Value) async throws {
        guard intent["documents"] != nil else { return }
        _ = try await leftovers.take(Announcement(intent), wanted: [])
    }

    /// Of files that were there before the announcement of uploads, only that tells until the record does.
    func closeIntents(of address: Address, in context: ApplyContext) {
        if context.intent != nil { context.closeOnceRecorded(Attaching.place(for: address)) }
        context.closeOnceRecorded(address)
    }

    /// Deletes the file before its attachment: the attachment carries our mark, so a crash between leaves it findable.
    /// - Parameter isElsewhere: Whether other stores hold the file, too: then only the attachment goes.
    func remove(_ file: String, from store: String, isElsewhere: Bool = false) async throws {
        if !isElsewhere { try await server.files.delete(file) }
        try await server.files(in: store).detach(file)
    }
}

extension VectorStoreResource {
    /// Those of the files of a store that are in other stores, too: somebody attached our upload to one of his. They stay, and
    /// a warning says so.
    func filesElsewhere(
        _ files: [String], than store: String, at address: Address, in context: ApplyContext
    ) async throws -> Set<String> {
        guard !files.isEmpty else { return [] }
        let elsewhere = Set(files).intersection(try await leftovers.attachedFiles(except: store))
        if !elsewhere.isEmpty { context.warn(.uploadsInUse(elsewhere.sorted(), address)) }
        return elsewhere
    }
}

extension Diagnostic {
    fileprivate static func uploadsInUse(_ files: [String], _ address: Address) -> Diagnostic {
        let named =
            files.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
            + (files.count > 3 ? " and \(files.count - 3) more" : "")
        return Diagnostic(
            "uploads-in-use", "Uploaded files that other stores hold stay",
            detail:
                "\(named), which drover uploaded for `\(address)`, \(files.count == 1 ? "is" : "are") also in another "
                + "vector store, and \(files.count == 1 ? "stays" : "stay") on the server.",
            fix: "Nothing has to be done; whoever owns that store may delete \(files.count == 1 ? "it" : "them").",
            address: address.description, severity: .warning)
    }

    /// Documents that were ingested and are not found.
    /// - Parameter equal: paths of documents with equal content, of which the server keeps one and may lose others.
    static func lost(_ documents: [Document], saying equal: [String], at address: Address) -> Diagnostic {
        let paths = documents.map { "`\($0.path)`" }
        let named = paths.prefix(3).joined(separator: ", ") + (paths.count > 3 ? " and \(paths.count - 3) more" : "")
        return Diagnostic(
            "lost-documents", "Documents that the server lost",
            detail: "The server took in \(named), and does not find them: "
                + (equal.isEmpty
                    ? "it was restarted meanwhile, took in something twice, or has several workers."
                    : "\(equal.prefix(4).listed)\(equal.count > 4 ? " and others" : "") say the same, which this server "
                        + "keeps once, and then it may lose others."),
            fix: equal.isEmpty
                ? "Apply again, which makes the store anew; run a server with faiss with one worker."
                : "Keep one of those that say the same, then apply again, which makes the store anew.",
            at: documents.first?.range, address: address.description, cause: .incomplete)
    }
}
