package import Engine
import FoundationEssentials
package import Language
import Wire

extension ReleaseResource {
    package func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Live {
        // It may be there already, when the answer to its creation was lost.
        try await bring(try await there(desired, address), to: desired, at: address, in: context)
    }

    /// What stands at the wanted place now, with a mark if that is this release's.
    private func there(_ desired: Desired, _ address: Address) async throws -> Live {
        let model = try await server.registeredModels().first { $0.name == desired.model }
        guard let model else { return Live(model: desired.model, alias: desired.alias, version: nil, state: nil) }
        let live = Live(desired.alias, of: model, nil)
        let state = model.tags[live.tag].flatMap { ReleaseState($0) }
        return Live(desired.alias, of: model, state.flatMap { isOf($0, address.name) ? $0 : nil })
    }

    private func isOf(_ state: ReleaseState, _ release: String) -> Bool {
        state.stack == stack.name && state.release == release
    }

    package func update(
        _ live: Live, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        guard live.place != desired.place else { return try await bring(live, to: desired, at: address, in: context) }
        // The old alias is left only when the new one stands.
        let moved = try await bring(
            try await moved(live, to: desired, address), to: desired, at: address, in: context)
        if moved.version != nil || live.version == nil { try await delete(live, at: address, in: context) }
        return moved
    }

    /// The release at its new place: in the same model it stands there as it stood, with all that is known of it.
    private func moved(_ live: Live, to desired: Desired, _ address: Address) async throws -> Live {
        var moved = try await there(desired, address)
        guard moved.state == nil else { return moved }
        guard moved.version == nil || (live.model == moved.model && live.version == moved.version) else {
            throw Diagnostic.aliasTaken(moved, address)
        }
        guard live.model == moved.model, let state = live.state?.renamed(address.name) else { return moved }
        if let version = live.version, moved.version == nil {
            try await server.setAlias(moved.alias, of: moved.model, toVersion: String(version))
        }
        moved.version = live.version
        moved.state = state
        try await write(state, on: moved)
        return moved
    }

    /// Moves the alias, or notes what waits for approval; what was rolled back stays back. Where somebody else moved
    /// it, that was accepted before.
    ///
    /// What is about to be done is noted first, so that an interrupted move is not taken for somebody else's.
    private func bring(
        _ live: Live, to desired: Desired, at address: Address, in context: ApplyContext
    ) async throws -> Live {
        guard let version = desired.version else { throw Diagnostic.nothingToRelease(address) }
        var live = live
        var state = live.state ?? ReleaseState(stack: context.stack, release: address.name)
        if live.state != nil, !state.knows(live.version) {
            state.accept(live.version.map { entry($0, $0 == version ? desired.digest : "") })
        }
        let wanted = entry(version, desired.digest)
        let isOut = state.isRejected(version, desired.digest)
        guard isOut || (desired.isManual && live.version != version) else {
            return try await promote(wanted, from: live, state)
        }
        if !isOut { state.awaiting = wanted }
        if state != live.state { try await write(state, on: live) }
        live.state = state
        if !isOut { context.warn(.awaits(live, wanted, address.name)) }
        return live
    }

    /// Points the alias at a version: three requests.
    func promote(_ entry: ReleaseState.Entry, from live: Live, _ known: ReleaseState) async throws -> Live {
        var (live, state) = (live, known)
        if live.version != entry.version {
            state.moving = entry.version
            try await write(state, on: live)
            try await server.setAlias(live.alias, of: live.model, toVersion: String(entry.version))
        }
        state.promote(entry)
        try await write(state, on: live)
        live.version = entry.version
        live.state = state
        return live
    }

    func entry(_ version: Int, _ digest: String, reason: String? = nil) -> ReleaseState.Entry {
        ReleaseState.Entry(
            version: version, digest: digest, at: Date.now.formatted(.iso8601), by: actor,
            reason: reason.map {
                $0.count > ReleaseState.reasonLimit ? $0.prefix(ReleaseState.reasonLimit - 1) + "…" : $0
            })
    }

    func write(_ state: ReleaseState, on live: Live) async throws {
        try await server.setRegisteredModelTag(live.model, live.tag, to: try state.text)
    }

    /// Removes the alias, unless somebody else moved it, and then the mark; nothing where another release has taken
    /// over.
    package func delete(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        let model = try await server.registeredModels().first { $0.name == live.model }
        let now = model?.tags[live.tag].flatMap { ReleaseState($0) }
        guard now?.stack == live.state?.stack, now?.release == live.state?.release else { return }
        if live.version != nil, live.state?.knows(live.version) == true {
            try await server.deleteAlias(live.alias, of: live.model)
        }
        try await server.deleteRegisteredModelTag(live.model, live.tag)
    }

    /// The alias becomes ours where it stands. Under another declared name, all that is known of it goes along.
    package func mark(_ live: Live, as address: Address, in context: ApplyContext) async throws -> Live {
        var live = live
        let known = live.state.flatMap { $0.stack == context.stack.name ? $0.renamed(address.name) : nil }
        var state = known ?? ReleaseState(stack: context.stack, release: address.name)
        if known == nil, let version = live.version { state.accept(entry(version, "")) }
        try await write(state, on: live)
        live.state = state
        return live
    }

    package func forget(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try await server.deleteRegisteredModelTag(live.model, live.tag)
    }

    /// - Throws: `Diagnostic` (`conflict`) when somebody else moved the alias, and that was not accepted.
    package func remarks(
        on live: Live, as desired: Desired, permissions: Permissions
    ) throws(Diagnostic) -> [Diagnostic] {
        guard let state = live.state else { return [] }
        if !state.knows(live.version), live.place == desired.place, !permissions.acceptAlias {
            throw .movedByHand(live, from: state.promoted.last?.version)
        }
        if state.isCutOff(live.version) { return [.cutOff(live, state.release)] }
        // Where somebody put the alias there again, and that was accepted, nothing is held back.
        if state.isRejected(desired.version, desired.digest), let version = desired.version, live.version != version {
            return [.rejected(live, version, state)]
        }
        if let awaiting = state.awaiting, desired.isManual {
            return [.awaits(live, awaiting, state.release)]
        }
        return []
    }
}

extension Diagnostic {
    fileprivate static func nothingToRelease(_ address: Address) -> Diagnostic {
        Diagnostic(
            "nothing-to-release", "No version to release", detail: "The agent of `\(address)` has no version.",
            fix: "Log the agent in MLflow: take `log: false` out.", address: address.description, cause: .spec)
    }

    fileprivate static func aliasTaken(_ live: ReleaseResource.Live, _ address: Address) -> Diagnostic {
        Diagnostic(
            "alias-taken", "Somebody has the new alias",
            detail: "`\(address)` is to go on as \(live.label), which is there already and not of this release.",
            fix: "Choose another `alias`, or remove that one.", address: address.description, cause: .conflict)
    }

    /// - Parameter isApplying: Whether the command can accept it.
    static func movedByHand(
        _ live: ReleaseResource.Live, from version: Int?, isApplying: Bool = true
    ) -> Diagnostic {
        let now = live.version.map { "stands at version \($0)" } ?? "is gone"
        let before = version.map { "drover had moved it to version \($0)" } ?? "drover never moved it"
        return Diagnostic(
            "alias-moved", "An alias was moved by somebody else",
            detail: "`\(live.place)` \(now); \(before).",
            fix: isApplying
                ? "Move it back, or accept where it stands; the release then goes on from there."
                : "Move it back, or let `drover apply` accept where it stands.", cause: .conflict)
    }

    fileprivate static func rejected(
        _ live: ReleaseResource.Live, _ version: Int, _ state: ReleaseState
    ) -> Diagnostic {
        let entry = state.rejected.last { $0.version == version } ?? state.rejected.last
        let named = state.rejected.count > 1 ? ", as the version \(entry?.version ?? version)" : ""
        let told = entry.map { " by \($0.by) on \($0.at)" + ($0.reason.map { ": \($0)" } ?? "") } ?? ""
        return Diagnostic(
            "rolled-back", "What was rolled back is not promoted again",
            detail: "Version \(version) is what `\(live.place)` was rolled back from\(told).",
            fix: "Change the agent, or allow it again with `drover approve \(state.release)`\(named).",
            severity: .warning)
    }

    fileprivate static func cutOff(_ live: ReleaseResource.Live, _ release: String) -> Diagnostic {
        Diagnostic(
            "rollback-cut-off", "Going back was cut off", detail: "`\(live.place)` was to go back, and has not yet.",
            fix: "Roll the release `\(release)` back once more.", severity: .warning)
    }

    fileprivate static func awaits(
        _ live: ReleaseResource.Live, _ entry: ReleaseState.Entry, _ release: String
    ) -> Diagnostic {
        let now = live.version.map { "version \($0)" } ?? "nothing"
        return Diagnostic(
            "awaits-approval", "A version waits for approval",
            detail: "Version \(entry.version) waits for approval, and `\(live.place)` still stands at \(now).",
            fix: "Run `drover approve \(release)` to promote it.", severity: .warning)
    }
}
