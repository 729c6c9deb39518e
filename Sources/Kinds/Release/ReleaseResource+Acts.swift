package import Engine
import Language
import Wire

extension Kinds {
    /// Promotes what waits for approval, or allows what was rolled back again.
    /// - Parameters:
    ///   - version: Which one is meant; nil for what waits, or the only one that was rolled back.
    ///   - agreed: What somebody has agreed to, as `approvable` told it; nil where nobody was asked.
    ///   - check: Throws what forbids to promote what waits.
    /// - Returns: One sentence about what was done.
    /// - Throws: `Diagnostic`: `usage` for an unknown release, or where nothing waits or something else does,
    ///   `conflict` when somebody else moved the alias, or something else would be done by now than was agreed to, `lacking`
    ///   without MLflow; `WireError`; what the check throws.
    package static func approve(
        _ release: String, version: Int?, agreed: String? = nil, on servers: Servers,
        check: (ReleaseState.Entry) async throws -> Void
    ) async throws -> String {
        try await releases(on: servers).approve(
            release, version: version, agreed: agreed, of: servers.stack, check: check
        ).told
    }

    /// What `approve` would do now, whatever its check says.
    /// - Throws: As `approve`.
    package static func approvable(
        _ release: String, version: Int?, on servers: Servers
    ) async throws -> ReleaseAct {
        try await releases(on: servers).approvable(release, version: version, of: servers.stack)
    }

    /// Lets releases go on from where somebody else put their aliases.
    /// - Returns: One sentence about each that somebody had moved.
    package static func acceptAliases(of names: [String], on servers: Servers) async throws -> [String] {
        let releases = try releases(on: servers)
        var told: [String] = []
        for name in names {
            if let sentence = try await releases.accept(name, of: servers.stack) { told.append(sentence) }
        }
        return told
    }

    /// Moves the alias of a release back to where it stood before.
    /// - Returns: One sentence about what was done.
    /// - Throws: As `approve`.
    package static func rollBack(_ release: String, on servers: Servers, reason: String?) async throws -> String {
        try await releases(on: servers).rollBack(release, of: servers.stack, reason: reason).told
    }

    /// What `rollBack` would do now.
    /// - Throws: As `approve`.
    package static func wayBack(_ release: String, on servers: Servers) async throws -> ReleaseAct {
        try await releases(on: servers).wayBack(release, of: servers.stack)
    }

    /// The promotion that moving an alias back has taken back last.
    /// - Returns: nil where none was.
    /// - Throws: As `approve`.
    package static func undone(_ release: String, on servers: Servers) async throws -> Promotion? {
        let live = try await releases(on: servers).released(release, of: servers.stack)
        guard let rejected = live.state?.rejected.last else { return nil }
        return Promotion(Address(ReleaseResource.kind, release), to: rejected.version, at: live.place)
    }

    private static func releases(on servers: Servers) throws(Diagnostic) -> ReleaseResource {
        guard let mlflow = servers.mlflow else { throw .noReleases }
        return ReleaseResource(
            mlflow, registry: Registry(mlflow), of: servers.stack, models: [:], actor: servers.actor)
    }
}

/// What people do with a release by hand.
extension ReleaseResource {
    /// A release of a stack.
    /// - Throws: `Diagnostic` (`usage`) when the stack moves no alias under that name.
    package func released(_ name: String, of stack: StackName) async throws -> Live {
        let found = try await releases(of: stack)
        if let release = found.first(where: { $0.address.name == name }) { return release.live }
        throw Diagnostic.noRelease(name, among: found.map(\.address.name))
    }

    private func releases(of stack: StackName) async throws -> [Discovered<Live>] {
        let marked = try await registry.models.value().flatMap { Self.marked($0, of: stack) }
        return Self.settled(marked, isDeclared: { _ in true }, isWanted: { _, _ in false }).filter { !$0.isStale }
    }

    /// Promotes what waits for approval, or allows what was rolled back again: the next apply then promotes it.
    /// - Parameters:
    ///   - agreed: What `approvable` told who agreed to it.
    ///   - check: Throws what forbids to promote what waits.
    /// - Returns: The release afterwards, and one sentence about what was done.
    package func approve(
        _ name: String, version: Int? = nil, agreed: String? = nil, of stack: StackName,
        check: (ReleaseState.Entry) async throws -> Void = { _ in }
    ) async throws -> (live: Live, told: String) {
        let live = try await released(name, of: stack)
        guard var state = live.state else { throw Diagnostic.noRelease(name, among: []) }
        try requireStanding(live, state)
        if let agreed {
            let now = try approvable(name, version: version, live, state).told
            guard now == agreed else { throw Diagnostic.anotherApproval(now) }
        }
        if let waiting = state.awaiting, version == nil || version == waiting.version {
            try await check(waiting)
            let approved = entry(waiting.version, waiting.digest)
            let now = try await promote(approved, from: live, state)
            return (now, "`\(live.place)` stands at version \(waiting.version) now.")
        }
        guard let rejected = try Self.rejected(version, in: state) else { throw Diagnostic.nothingAwaits(name, live) }
        state.unreject(rejected)
        try await write(state, on: live)
        return (live, "Version \(rejected.version) may be promoted again: the next apply does, when its gates pass.")
    }

    /// What an approval would do.
    package func approvable(
        _ name: String, version: Int? = nil, of stack: StackName
    ) async throws -> ReleaseAct {
        let live = try await released(name, of: stack)
        guard let state = live.state else { throw Diagnostic.noRelease(name, among: []) }
        try requireStanding(live, state)
        return try approvable(name, version: version, live, state)
    }

    private func approvable(
        _ name: String, version: Int?, _ live: Live, _ state: ReleaseState
    ) throws(Diagnostic) -> ReleaseAct {
        if let waiting = state.awaiting, version == nil || version == waiting.version {
            return ReleaseAct(promoting: waiting, live, state)
        }
        guard let rejected = try Self.rejected(version, in: state) else { throw Diagnostic.nothingAwaits(name, live) }
        return ReleaseAct(allowing: rejected, live, state)
    }

    /// What was rolled back and is meant; nil when nothing was.
    private static func rejected(
        _ version: Int?, in state: ReleaseState
    ) throws(Diagnostic) -> ReleaseState.Entry? {
        guard let version else {
            guard state.rejected.count < 2 else { throw .severalRejected(state) }
            return state.rejected.last
        }
        if let entry = state.rejected.last(where: { $0.version == version }) { return entry }
        throw .notToApprove(version, state)
    }

    /// Accepts where somebody else has put the alias. One that was deleted then points at nothing.
    /// - Returns: One sentence about it; nil where nobody moved it, and where there is no such release yet.
    package func accept(_ name: String, of stack: StackName) async throws -> String? {
        let live = try await releases(of: stack).first { $0.address.name == name }?.live
        guard let live, var state = live.state, !state.knows(live.version) else { return nil }
        state.accept(live.version.map { entry($0, "") })
        try await write(state, on: live)
        let place = live.version.map { "at version \($0)" } ?? "nowhere"
        return "Accepted that `\(live.place)` stands \(place): the release `\(name)` goes on from there."
    }

    /// Moves the alias back to where it stood before, and does not promote the present version again.
    /// - Returns: The release afterwards, and one sentence about what was done.
    package func rollBack(
        _ name: String, of stack: StackName, reason: String?
    ) async throws -> (live: Live, told: String) {
        var live = try await released(name, of: stack)
        var state = try goingBack(live, reason: reason)
        if state.isGone, let last = state.promoted.last {
            let now = try await promote(entry(last.version, last.digest), from: live, state)
            return (now, "`\(live.place)` stands at version \(last.version) again.")
        }
        if state != live.state { try await write(state, on: live) }
        guard let present = state.moving, let previous = state.promoted.last else {
            throw Diagnostic.nothingBefore(live)
        }
        if live.version != previous.version {
            try await server.setAlias(live.alias, of: live.model, toVersion: String(previous.version))
        }
        state.moving = nil
        try await write(state, on: live)
        live.version = previous.version
        live.state = state
        let told = "`\(live.place)` stands at version \(previous.version) again, and version \(present) stays out."
        return (live, told)
    }

    /// What moving the alias back would do.
    package func wayBack(_ name: String, of stack: StackName) async throws -> ReleaseAct {
        let live = try await released(name, of: stack)
        let state = try goingBack(live, reason: nil)
        guard let previous = state.promoted.last else { throw Diagnostic.nothingBefore(live) }
        let isThere = live.version == previous.version
        let place = live.version.map { "stands at version \($0)" } ?? "stands nowhere"
        return ReleaseAct(
            goingBackTo: previous, live, state,
            told: isThere
                ? "`\(live.place)` went back to version \(previous.version), and only the note of that is missing."
                : "`\(live.place)` \(place), and goes back to version \(previous.version).")
    }

    /// The state of a release as it is noted before its alias moves back. One whose alias somebody deleted is as it was.
    private func goingBack(_ live: Live, reason: String?) throws -> ReleaseState {
        guard var state = live.state else { throw Diagnostic.nothingBefore(live) }
        try requireStanding(live, state)
        guard !state.isGoingBack, !state.isGone || state.promoted.isEmpty else { return state }
        // It was moved, and only the note of that is missing.
        if state.isPromotionCutOff(live.version), let version = live.version { state.promote(entry(version, "")) }
        guard let present = state.promoted.last, let previous = state.previous else {
            throw Diagnostic.nothingBefore(live)
        }
        state.rollBack(to: previous, rejecting: entry(present.version, present.digest, reason: reason))
        return state
    }

    private func requireStanding(_ live: Live, _ state: ReleaseState) throws(Diagnostic) {
        guard state.knows(live.version) else {
            throw .movedByHand(live, from: state.promoted.last?.version, isApplying: false)
        }
    }
}

extension Diagnostic {
    fileprivate static var noReleases: Diagnostic {
        Diagnostic(
            "no-mlflow", "No MLflow", detail: "Releases live in MLflow, and none is connected.",
            fix: "Name it under `servers.mlflow`, or in MLFLOW_TRACKING_URI.", cause: .lacking)
    }

    fileprivate static func noRelease(_ name: String, among names: [String]) -> Diagnostic {
        Diagnostic(
            "unknown-release", "Unknown release",
            detail: "This stack has moved no alias under the name `\(name)` yet, and no version waits for it.",
            fix: Suggestion.nearest(to: name, among: names).map { "Did you mean `\($0)`?" }
                ?? (names.isEmpty
                    ? "Declare it under `releases`, and apply: a version goes there once it has passed its gates."
                    : "Use one of \(names.listed)."),
            cause: .usage)
    }

    fileprivate static func nothingAwaits(_ name: String, _ live: ReleaseResource.Live) -> Diagnostic {
        Diagnostic(
            "nothing-to-approve", "Nothing waits for approval",
            detail: "No version of `\(name)` waits for approval, and none was rolled back; `\(live.place)` "
                + (live.version.map { "stands at version \($0)." } ?? "does not exist."),
            fix: "Run `drover apply` first: it tries the gates.", cause: .usage)
    }

    fileprivate static func severalRejected(_ state: ReleaseState) -> Diagnostic {
        Diagnostic(
            "which-version", "Several versions were rolled back",
            detail: "`\(state.release)` was rolled back from \(state.rejected.told).",
            fix: "Say which of them may be promoted again.", cause: .usage)
    }

    fileprivate static func notToApprove(_ version: Int, _ state: ReleaseState) -> Diagnostic {
        let stands = !state.isGone && state.promoted.last?.version == version
        var known = [
            stands
                ? "The release `\(state.release)` stands at version \(version) already."
                : "Version \(version) does not wait for approval at the release `\(state.release)`, and was not rolled "
                    + "back from there."
        ]
        if let waiting = state.awaiting { known.append("Version \(waiting.version) waits for approval.") }
        if !state.rejected.isEmpty { known.append("The release was rolled back from \(state.rejected.told).") }
        let hasOthers = state.awaiting != nil || !state.rejected.isEmpty
        return Diagnostic(
            "another-version", "Not a version to approve", detail: known.joined(separator: " "),
            fix: (hasOthers ? "Name one of these, or apply" : stands ? "Leave it there, or apply" : "Apply")
                + " the spec of the version that is to be promoted: its gates are tried then.",
            address: Address(ReleaseResource.kind, state.release).description, cause: .usage)
    }

    fileprivate static func anotherApproval(_ now: String) -> Diagnostic {
        Diagnostic(
            "moved-meanwhile", "The release was moved meanwhile",
            detail: "Something else would be done by now than was agreed to: \(now)",
            fix: "Run it again, and look at what it says.", cause: .conflict)
    }

    fileprivate static func nothingBefore(_ live: ReleaseResource.Live) -> Diagnostic {
        Diagnostic(
            "nothing-to-roll-back-to", "Nothing to go back to",
            detail:
                "Drover knows of no version that `\(live.place)` stood at before, but those that it was rolled back from.",
            fix: "Change the agent and apply, which makes a new version.", cause: .usage)
    }
}

extension [ReleaseState.Entry] {
    /// `version 2 (lies) and version 3`.
    fileprivate var told: String {
        map { "version \($0.version)" + ($0.reason.map { " (\($0))" } ?? "") }.spoken
    }
}
