/// Tells the record what is about to be attached, before it is sent.
///
/// Groups that come while the record is being written wait, and the next write names them all: a server that answers at
/// once is not held up by one write for each group.
actor Announcer {
    private let write: @Sendable ([Uploaded]) async throws -> Void
    /// What is under way or about to be, by the number of its group.
    private var groups: [Int: [Uploaded]] = [:]
    /// The groups that the record names.
    private var announced: Set<Int> = []
    private var isWriting = false
    private(set) var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter write: Replaces what the record names.
    init(_ write: @escaping @Sendable ([Uploaded]) async throws -> Void) {
        self.write = write
    }

    /// Returns when the record names the group: now it may be sent.
    /// - Throws: What the record throws; then nothing of the group may be sent.
    func announce(_ group: [Uploaded], as number: Int) async throws {
        groups[number] = group
        while isWriting { await withCheckedContinuation { waiting.append($0) } }
        guard !announced.contains(number) else { return }
        isWriting = true
        defer { finish() }
        let written = groups
        try await write(written.sorted { $0.key < $1.key }.flatMap(\.value))
        announced.formUnion(written.keys)
    }

    /// Later writes leave the group out, unless the server may still be working on some of it.
    func end(_ number: Int, _ outcomes: [Brought]) {
        if !outcomes.contains(where: \.isUnsure) { groups[number] = nil }
    }

    private func finish() {
        isWriting = false
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
