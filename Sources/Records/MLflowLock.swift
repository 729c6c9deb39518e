package import Engine
import FoundationEssentials
import Language
package import Wire

/// The lock of a stack in MLflow: the registered model `drover.lock.<stack>.<n>`, of which the server makes only one.
///
/// The newest one counts. `n + 1` is created when `n` is released (a tag) or expired: when it was seen unchanged for longer
/// than a lease, by the clock of this machine alone, or when the process that held it ended on this machine. A renewal
/// changes the description, and with it the server's own timestamp.
package actor MLflowLock: Lock {
    nonisolated package let clock: LeaseClock
    nonisolated package let term: Duration?
    private let server: MLflowServer
    private let prefix: String
    private let lease: Duration
    private let isGone: @Sendable (String) -> Bool
    /// Since when the newest lock, held by someone else, has been as it is.
    private var watched: (lock: LockModel, since: Duration)?

    /// - Parameters:
    ///   - server: Its changes must be admitted without a lease.
    ///   - isGone: Whether a process, known by its mark, certainly has ended.
    package init(
        _ server: MLflowServer, stack: StackName, term: Duration = .seconds(30), clock: LeaseClock = .system,
        isGone: @escaping @Sendable (String) -> Bool = ProcessMark.isGone
    ) {
        self.server = server
        self.clock = clock
        self.term = term
        lease = term
        prefix = "drover.lock.\(stack)."
        self.isGone = isGone
    }

    package func claim(as holder: LockHolder) async throws -> LockClaim {
        let asked = clock.now()
        let newest = try await locks().last
        if let newest, !isFree(newest, at: asked) { return .held(newest.held) }
        let number = (newest?.number ?? 0) + 1
        let sent = clock.now()
        do {
            try await server.createRegisteredModel(
                name(number), description: Self.renewal, tags: LockModel.tags(of: holder))
        } catch let error as WireError where error.status == 403 {
            throw Diagnostic.lockDenied(error, "the right to create registered models (`\(name(number))`)")
        } catch let error as WireError {
            // The loser of a race gets this or that; whose it is, the listing tells.
            return try await settled(number, holder, sent) ?? .contested(unseen(error))
        }
        return try await settled(number, holder, sent) ?? .contested(Diagnostic.lockGone(name(number)))
    }

    /// A name that is taken by what the listing does not show is hidden from us.
    private func unseen(_ error: WireError) -> any Error {
        guard error.isAlreadyThere else { return error }
        return Diagnostic.lockDenied(error, "`READ` on the registered models `\(prefix)*`, which others made")
    }

    /// Who holds the lock after a create that may have succeeded; nil when nobody does.
    private func settled(_ number: Int, _ holder: LockHolder, _ sent: Duration) async throws -> LockClaim? {
        let all: [LockModel]
        do {
            all = try await locks()
        } catch {
            // Nobody is to wait for what is not used. If this fails too, it expires.
            try? await server.deleteRegisteredModel(name(number))
            throw error
        }
        let isOurs = all.contains { $0.number == number && $0.holder.id == holder.id }
        guard let newest = all.last else { return nil }
        guard isOurs, newest.number == number else {
            if isOurs { try? await server.deleteRegisteredModel(name(number)) }  // Only the newest counts anyway.
            return newest.number >= number ? .held(newest.held) : nil
        }
        // Also that before the last: the last may have ended before it told of it.
        let cutOffs = all.filter { $0.number < number && (!$0.isReleased || $0.isUnlocked) }.map(\.held)
        let lease = Lease(number, of: holder, claimed: sent, term: term, clock: clock, after: cutOffs)
        // Older ones are nobody's any more. One that we may not delete is left to those who may.
        for old in all where old.number < number - 1 { try? await server.deleteRegisteredModel(name(old.number)) }
        guard lease.isHeld else {
            try? await release(lease)  // Else it expires.
            return nil
        }
        return .taken(lease)
    }

    private func isFree(_ lock: LockModel, at asked: Duration) -> Bool {
        if lock.isReleased || lock.holder.process.map(isGone) == true { return true }
        guard let watched, watched.lock == lock else {
            watched = (lock, clock.now())
            return false
        }
        return asked - watched.since >= lease + lease / 10
    }

    package func renew(_ lease: Lease) async throws -> Bool {
        do {
            let model = try await server.renewRegisteredModel(name(lease.number), description: Self.renewal)
            let lock = LockModel(model, prefix: prefix)
            return lock?.holder.id == lease.holder.id && lock?.isReleased == false
        } catch let error as WireError where error.isMissing {
            return false
        }
    }

    package func release(_ lease: Lease) async throws {
        do {
            try await server.setRegisteredModelTag(name(lease.number), LockModel.releasedTag, to: lease.holder.name)
        } catch let error as WireError where error.isMissing {}  // Others came after us and cleaned up.
    }

    package func newest() async throws -> HeldLock? {
        try await locks().last?.held
    }

    package func unlock(_ number: Int, by name: String) async throws {
        let newest = try await newest()
        guard let newest, newest.number == number, !newest.isReleased else {
            throw Diagnostic.notToUnlock(number, newest: newest)
        }
        do {
            for tag in [LockModel.unlockedTag, LockModel.releasedTag] {
                try await server.setRegisteredModelTag(self.name(number), tag, to: name)
            }
        } catch let error as WireError where error.status == 403 {
            throw Diagnostic.lockDenied(error, "`EDIT` on the registered model `\(self.name(number))`")
        }
    }

    private func locks() async throws -> [LockModel] {
        try await server.registeredModels(where: MLflowFilter.nameStarting(prefix))
            .compactMap { LockModel($0, prefix: prefix) }.sorted { $0.number < $1.number }
    }

    private func name(_ number: Int) -> String {
        "\(prefix)\(number)"
    }

    private static var renewal: String {
        "A lock of drover's, renewed \(Date.now.ISO8601Format())."
    }
}

/// A lock as its registered model tells it.
private struct LockModel: Hashable {
    static let releasedTag = "drover.lock.released"
    static let unlockedTag = "drover.lock.unlocked"
    private static let (id, name, host) = ("drover.lock.id", "drover.lock.holder", "drover.lock.host")
    private static let (purpose, process) = ("drover.lock.purpose", "drover.lock.process")
    private static let commit = "drover.lock.commit"

    let number: Int
    let holder: LockHolder
    let isReleased: Bool
    /// Whether somebody else released it, or was about to.
    let isUnlocked: Bool
    private let created: Int?
    /// What a renewal changes.
    private let updated: Int
    private let renewal: String

    init?(_ model: MLflowRegisteredModel, prefix: String) {
        guard model.name.hasPrefix(prefix), let number = Int(model.name.dropFirst(prefix.count)),
            model.name == "\(prefix)\(number)", number > 0
        else { return nil }
        self.number = number
        func tag(_ key: String) -> String? { model.tags[key] }
        holder = LockHolder(
            id: tag(Self.id) ?? "", name: tag(Self.name) ?? "somebody", host: tag(Self.host) ?? "an unknown host",
            purpose: tag(Self.purpose) ?? "unknown", process: tag(Self.process), commit: tag(Self.commit))
        isReleased = tag(Self.releasedTag) != nil
        isUnlocked = tag(Self.unlockedTag) != nil
        created = model.created
        updated = model.lastUpdated
        renewal = model.description
    }

    static func tags(of holder: LockHolder) -> [String: String] {
        var tags = [id: holder.id, name: holder.name, host: holder.host, purpose: holder.purpose]
        tags[process] = holder.process
        tags[commit] = holder.commit
        return tags
    }

    var held: HeldLock {
        let since = created.map { Date(timeIntervalSince1970: Double($0 / 1000)).ISO8601Format() }
        return HeldLock(number: number, holder: holder, since: since, isReleased: isReleased)
    }
}

extension Diagnostic {
    fileprivate static func lockGone(_ name: String) -> Diagnostic {
        Diagnostic(
            "lock-gone", "The stack could not be locked",
            detail: "The registered model `\(name)` was created, but MLflow did not list it soon enough.",
            fix: "Is MLflow very slow, or does someone remove registered models? Run it again.", cause: .locked)
    }

    fileprivate static func lockDenied(_ error: WireError, _ right: String) -> Diagnostic {
        var diagnostic = error.diagnostic()
        diagnostic.code = "lock-denied"
        diagnostic.summary = "The server does not let us lock the stack"
        diagnostic.fix = "Ask for \(right), or use another credential."
        diagnostic.cause = .locked
        return diagnostic
    }
}
