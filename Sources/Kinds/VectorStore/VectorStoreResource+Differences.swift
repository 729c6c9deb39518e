package import Engine
import Language
import Wire

extension VectorStoreResource {
    package func leaving(_ left: LeftFields, of desired: Desired, as live: LiveStore) -> Desired {
        var kept = desired
        kept.metadata = left.removed(from: desired.metadata, in: "metadata")
        kept.expiresAfterDays = left.removed(from: desired.expiresAfterDays, in: "expiresAfter")
        return kept
    }

    package func differences(
        between live: LiveStore, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        if let reason = live.reasonToMakeAnew {
            return [FieldChange("files", forcesReplacement: true, note: "\(reason): the store is made anew")]
        }
        let changes = DocumentChanges(desired, live)
        let mixesUp = changes.takesOutTheLast(
            of: live, for: desired, mergingEqual: server.capabilities.mergesEqualPassages)
        let documents = documentChanges(changes, live, desired, since: last).map { change in
            var change = change
            change.forcesReplacement = mixesUp || (desired.buildsNewFirst && !live.isBuilding)
            if mixesUp { change.note = change.note.map { "\($0), and faiss would mix up the rest" } }
            return change
        }
        // A value that is unknown on the server and in the record cannot differ.
        let told = ownFields(of: live).merging(last.filter { Self.chosenByServer.contains($0.key) }) { live, _ in live }
            .merging(ownFields(of: desired).filter { Self.chosenByServer.contains($0.key) }) { live, _ in live }
        let fields = FieldChange.between(
            live: told, desired: ownFields(of: desired),
            since: last.filter { !$0.key.hasPrefix("documents.") })
        let chunking = chunkingChange(live, desired).map { [$0] } ?? []
        let isBeyond = live.isBeyondSettling(changes, on: server.capabilities)
        return phaseChange(live, isBeyondSettling: isBeyond) + chunking
            + fields.filter { $0.new != nil || !Self.chosenByServer.contains($0.path) }.map { change in
                var change = change
                // Servers cannot remove an expiry.
                change.forcesReplacement =
                    Self.chosenByServer.contains(change.path) || (change.path == "expiresAfter" && change.new == nil)
                return change
            } + documents + Self.alterations(changes)
    }

    /// Attributes that were changed by others: the passages still have the old ones, so that nothing has to be ingested
    /// again.
    private static func alterations(_ changes: DocumentChanges) -> [FieldChange] {
        changes.altered.map { document, _, _ in
            FieldChange("documents.\(document.path)", cause: .drift, note: "its attributes were changed")
        }
    }

    /// The change of a store that an interrupted run left unfinished; when nothing can settle it, a new one replaces
    /// it.
    private func phaseChange(_ live: LiveStore, isBeyondSettling: Bool) -> [FieldChange] {
        guard live.isUnsettled || live.isBuilding else { return [] }
        let note = live.isBuilding ? "was not finished" : "left unsettled by an interrupted run"
        return [FieldChange("phase", forcesReplacement: isBeyondSettling, note: note)]
    }

    /// Documents with a chunking other than the wanted one: all are ingested again, in a new store that is built beside
    /// this one, which stays in use until the new one is complete.
    private func chunkingChange(_ live: LiveStore, _ desired: Desired) -> FieldChange? {
        guard let other = live.chunking(otherThan: desired) else { return nil }
        return FieldChange(
            "chunking", old: ChunkingSpec(other).told, new: desired.chunking.told, forcesReplacement: true, cause: .spec
        )
    }

    /// Immutable, and the server's choice when the spec does not say.
    private static let chosenByServer = ["embeddingModel", "embeddingDimension", "provider"]

    package func fields(of desired: Desired) -> AppliedFields {
        var fields = ownFields(of: desired)
        for document in desired.documents {
            fields["documents.\(document.path)"] = desired.marks[document.path].map { .string($0) }
        }
        return fields
    }

    package func creation(of desired: Desired) -> [FieldChange] {
        let documents = desired.documents.map { document in
            FieldChange(
                "documents.\(document.path)", new: desired.marks[document.path].map { .string($0) }, note: "new")
        }
        let chunking = desired.chunking.identity == .null ? [] : [FieldChange("chunking", new: desired.chunking.told)]
        return ownFields(of: desired).map { FieldChange($0.key, new: $0.value) } + chunking + documents
    }

    private func ownFields(of desired: Desired) -> AppliedFields {
        var fields: AppliedFields = [
            "name": .string(desired.name), "embeddingModel": .string(desired.embeddingModel),
        ]
        fields["embeddingDimension"] = desired.embeddingDimension.map { .integer($0) }
        fields["provider"] = desired.provider.map { .string($0) }
        fields["expiresAfter"] = desired.expiresAfterDays.map { .string("\($0)d") }
        for (key, value) in desired.metadata { fields["metadata.\(key)"] = .string(value) }
        return fields
    }

    package func fields(of live: LiveStore) -> AppliedFields {
        var fields = ownFields(of: live)
        for file in live.files {
            guard let mark = live.mark(of: file) else { continue }
            fields["documents.\(live.paths[file.id] ?? file.id)"] = .string(mark)
        }
        return fields
    }

    private func ownFields(of live: LiveStore) -> AppliedFields {
        var fields: AppliedFields = ["name": .string(live.store.name)]
        fields["embeddingModel"] = live.embeddingModel
        fields["embeddingDimension"] = live.embeddingDimension
        fields["provider"] = live.store.metadata["provider_id"]
        fields["expiresAfter"] = live.store.expiresAfterDays.map { .string("\($0)d") }
        for (key, value) in live.metadata { fields["metadata.\(key)"] = .string(value) }
        return fields
    }

    private func documentChanges(
        _ changes: DocumentChanges, _ live: LiveStore, _ desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        guard !(changes.attach.isEmpty && changes.detach.isEmpty && changes.unfinished.isEmpty) else { return [] }
        var old: [String: String] = [:]
        let recorded = changes.detach.isEmpty ? [:] : Self.paths(in: last)
        for file in changes.detach {
            guard let mark = live.mark(of: file) else { continue }
            // By the record, else by the server's file name.
            old[recorded[mark] ?? live.paths[file.id] ?? file.id] = mark
        }
        let replaced = Dictionary(
            changes.detach.compactMap { file in live.mark(of: file).map { ($0, file) } }
        ) { first, _ in first }
        let cut = live.chunking(otherThan: desired).map { ChunkingSpec($0).identity }
        let marks = Set(live.files.compactMap { live.mark(of: $0) })
        let isGone = Set(live.files.filter { live.gone.contains($0.id) }.compactMap { live.mark(of: $0) })
        var fields: [FieldChange] = changes.attach.compactMap { coming in
            let (document, mark) = (coming.document, coming.mark)
            let path = "documents.\(document.path)"
            let renamed = old.index(forKey: document.path).flatMap { document.renaming(from: old[$0], in: desired) }
            let before = old.removeValue(forKey: document.path)
            // Only the chunking differs, which is reported for the store.
            if let cut, marks.contains(document.mark(in: desired.stack, chunking: cut)) { return nil }
            let note =
                isGone.contains(mark)
                ? "its uploaded file was deleted"
                : before == mark
                    ? "was not ingested"
                    : before != nil
                        ? renamed ?? document.edit(of: before.flatMap { replaced[$0] }, marked: before, in: desired)
                        : last[path] == .string(mark) ? "missing on the server" : "new"
            let isOthers = isGone.contains(mark) && last[path] == .string(mark)
            return FieldChange(
                path, old: before.map { .string($0) }, new: .string(mark), cause: isOthers ? .drift : nil, note: note)
        }
        fields += changes.unfinished.map { document, _ in
            FieldChange("documents.\(document.path)", note: "is still being ingested")
        }
        fields += old.map { FieldChange("documents.\($0.key)", old: .string($0.value), note: "removed") }
        return fields.sorted { $0.path < $1.path }
    }

    /// The paths of the documents that were applied last, by mark.
    private static func paths(in last: AppliedFields) -> [String: String] {
        let documents = last.filter { $0.key.hasPrefix("documents.") }.compactMap { key, value in
            value.string.map { (mark: $0, path: String(key.dropFirst("documents.".count))) }
        }
        return Dictionary(documents.sorted { $0.path < $1.path }.map { ($0.mark, $0.path) }) { first, _ in first }
    }
}

extension Document {
    /// What differs from the file that has its path: the content, or only attributes.
    fileprivate func edit(
        of file: LlamaStack.VectorStoreFile?, marked mark: String?, in desired: VectorStoreResource.Desired
    ) -> String {
        let old = file?.attributes.filter { $0.key != LiveStore.markKey }.compactMapValues(\.string) ?? [:]
        let before = Document(path: path, sha256: sha256, attributes: old, content: content, range: range)
        let same = before.mark(in: desired.stack, chunking: desired.chunking.identity)
        guard let mark, Self.digest(in: same) == Self.digest(in: mark) else { return "content changed" }
        let keys = Set(old.keys).union(attributes.keys).filter { old[$0] != attributes[$0] }
        guard !keys.isEmpty else { return "brought anew in place of the other stack's" }
        return "attributes changed: \(keys.sorted().listed)"
    }

    /// What is said of a document that was at a path which looks the same; nil when the path is exactly the same.
    fileprivate func renaming(
        from old: (key: String, value: String), in desired: VectorStoreResource.Desired
    ) -> String? {
        guard !old.key.isExactly(path) else { return nil }
        let before = Document(path: old.key, sha256: sha256, attributes: attributes, content: content, range: range)
        let isSame = before.mark(in: desired.stack, chunking: desired.chunking.identity) == old.value
        return "renamed: its name is in another Unicode normalisation" + (isSame ? "" : ", and its content changed")
    }
}
