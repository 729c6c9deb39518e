package import Engine
import FoundationEssentials
import Language
package import Wire

/// Releases: aliases of registered models, which move to an agent's newest version when its gates have passed.
///
/// Identity: the tag `drover.release.ALIAS` of the registered model, which says who moves the alias, where it was moved
/// to, and what was rolled back. An alias without that tag is somebody else's.
package struct ReleaseResource: Resource {
    package static let kind = "releases"
    package static let onDelete = OnDelete.delete
    package static let promotes = true

    package struct Desired: Sendable {
        var model: String
        var alias: String
        /// The agent's newest version; nil while there is none.
        var version: Int?
        /// The logical digest of the agent.
        var digest: String
        /// Whether somebody has to approve what passed.
        var isManual: Bool
    }

    package struct Live: Sendable {
        var model: String
        var alias: String
        /// The version that the alias points at; nil when it points at none.
        var version: Int?
        /// nil when drover does not move it.
        var state: ReleaseState?
    }

    let server: MLflowServer
    let registry: Registry
    let stack: StackName
    /// The live name of the registered model of each declared release.
    private let models: [Address: String]
    let actor: String

    package init(
        _ server: MLflowServer, registry: Registry, of stack: StackName, models: [Address: String], actor: String
    ) {
        self.server = server
        self.stack = stack
        self.registry = registry
        self.models = models
        self.actor = actor
    }

    package func discover(_ wanted: [Address: ReleaseSpec], of stack: StackName) async throws -> [Discovered<Live>] {
        let listed = try await registry.models.value()
        let marked = listed.flatMap { model in Self.marked(model, of: stack) }
        let declared = Set(wanted.keys).union(
            wanted.values.compactMap { $0.common.moved.map { Address(Self.kind, $0.value) } })
        var found = Self.settled(marked, isDeclared: declared.contains) { address, live in
            live.model == models[address] && live.alias == wanted[address]?.alias
        }
        let ours = Set(found.map(\.address))
        for (address, spec) in wanted.sorted(by: { $0.key < $1.key }) where !ours.contains(address) {
            guard let model = listed.first(where: { $0.name == models[address] }),
                let live = Self.unmarked(spec.alias, of: model, stack)
            else { continue }
            let ownership = live.state.map { Ownership.other(stack: $0.stack) } ?? .unmarked
            found.append(Discovered(address, ownership, live, label: live.label))
        }
        return found
    }

    static func marked(_ model: MLflowRegisteredModel, of stack: StackName) -> [Discovered<Live>] {
        model.tags.sorted { $0.key < $1.key }.compactMap { key, text in
            guard key.hasPrefix(ReleaseState.tagPrefix), let state = ReleaseState(text), state.stack == stack.name
            else { return nil }
            let live = Live(String(key.dropFirst(ReleaseState.tagPrefix.count)), of: model, state)
            return Discovered(Address(kind, state.release), .ours, live, label: live.label)
        }
    }

    /// A release has marks at two places while it goes from one to the other, or as long as nobody has approved what
    /// waits at the new one: that counts, and as soon as it stands, the other is left over. Of one that is not declared any
    /// more, the place where it stands counts, and it goes from both.
    static func settled(
        _ marked: [Discovered<Live>], isDeclared: (Address) -> Bool, isWanted: (Address, Live) -> Bool
    ) -> [Discovered<Live>] {
        func rank(_ found: Discovered<Live>) -> Int {
            if isWanted(found.address, found.live) { return 0 }
            let (waits, stands) = (found.live.state?.awaiting != nil, found.live.version != nil)
            return isDeclared(found.address) ? (waits ? 1 : stands ? 2 : 3) : (stands ? 1 : waits ? 2 : 3)
        }
        return Dictionary(grouping: marked, by: \.address).sorted { $0.key < $1.key }.flatMap { _, places in
            // Of the same rank in the order of their names.
            let first = places.min { (rank($0), $0.live.place) < (rank($1), $1.live.place) }
            return places.compactMap { place in
                if place.live.place == first?.live.place { return place }
                guard first?.live.version != nil || !isDeclared(place.address) else { return nil }
                return Discovered(place.address, place.ownership, place.live, label: place.label, isStale: true)
            }
        }
    }

    /// An alias that stands there without our mark, or one that another stack moves.
    private static func unmarked(_ alias: String, of model: MLflowRegisteredModel, _ stack: StackName) -> Live? {
        let state = model.tags[ReleaseState.tagPrefix + alias].flatMap { ReleaseState($0) }
        guard state?.stack != stack.name, state != nil || model.aliases[alias] != nil else { return nil }
        return Live(alias, of: model, state)
    }

    package func desired(
        _ spec: ReleaseSpec, at address: Address, given outputs: Outputs
    ) async throws -> Wanted<Desired> {
        let agent = Address(AgentResource.kind, spec.agent.value)
        let version = outputs.value("version", of: agent)?.integer
        let desired = Desired(
            model: outputs.value("model", of: agent)?.string ?? models[address] ?? "", alias: spec.alias,
            version: version, digest: outputs.identities[agent] ?? "", isManual: spec.approval == .manual)
        if let holder = try await release(at: desired), holder != address.name, holder != spec.common.moved?.value {
            throw Diagnostic.otherRelease(desired, holder, address)
        }
        return Wanted(desired, unknown: version == nil ? ["version", "candidate"] : [])
    }

    package func differences(
        between live: Live, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        var changes: [FieldChange] = []
        if live.alias != desired.alias || live.model != desired.model {
            changes.append(FieldChange("alias", old: .string(live.place), new: .string(desired.place)))
        }
        // Of another model, the alias begins anew.
        let standing = live.model == desired.model ? live.version : nil
        let isByHand = live.state.map { !$0.knows(live.version) } ?? false
        guard moves(live, standing, to: desired) else {
            if isByHand {
                changes.append(
                    FieldChange(
                        "standing", old: live.version.map { .integer($0) }, note: "moved by somebody else: accepted"))
            }
            return changes
        }
        changes.append(
            FieldChange(
                desired.isManual ? "candidate" : "version", old: standing.map { .integer($0) },
                new: desired.version.map { .integer($0) }, cause: isByHand ? .drift : live.state == nil ? nil : .spec))
        return changes
    }

    /// Whether the alias is to go to the wanted version, or that is to wait for approval.
    private func moves(_ live: Live, _ standing: Int?, to desired: Desired) -> Bool {
        guard live.state?.isRejected(desired.version, desired.digest) != true else { return false }
        guard let version = desired.version else { return true }
        if standing == version, live.state?.moving == nil { return false }
        return !desired.isManual || live.state?.awaiting?.version != version
    }

    /// The release of this stack whose alias it is; nil when it is none's.
    private func release(at desired: Desired) async throws -> String? {
        let model = try await registry.models.value().first { $0.name == desired.model }
        let state = model?.tags[ReleaseState.tagPrefix + desired.alias].flatMap { ReleaseState($0) }
        return state?.stack == stack.name ? state?.release : nil
    }

    package func fields(of desired: Desired) -> AppliedFields {
        var fields: AppliedFields = ["alias": .string(desired.place)]
        fields[desired.isManual ? "candidate" : "version"] = desired.version.map { .integer($0) } ?? .null
        return fields
    }

    package func fields(of live: Live) -> AppliedFields {
        var fields: AppliedFields = ["alias": .string(live.place)]
        fields["version"] = live.version.map { .integer($0) }
        return fields
    }

    package func outputs(of live: Live) -> [String: Output] {
        var outputs: [String: Output] = ["alias": .string(live.alias), "model": .string(live.model)]
        outputs["version"] = live.version.map { .integer($0) }
        outputs["uri"] = live.version.map { .string("models:/\(live.model)/\($0)") }
        return outputs
    }
}

extension ReleaseResource.Live {
    init(_ alias: String, of model: MLflowRegisteredModel, _ state: ReleaseState?) {
        self.init(model: model.name, alias: alias, version: model.aliases[alias].flatMap { Int($0) }, state: state)
    }

    var place: String { "\(model)@\(alias)" }

    var label: String { "alias \(place)" + (version.map { " (version \($0))" } ?? "") }

    var tag: String { ReleaseState.tagPrefix + alias }
}

extension Diagnostic {
    fileprivate static func otherRelease(
        _ desired: ReleaseResource.Desired, _ holder: String, _ address: Address
    ) -> Diagnostic {
        Diagnostic(
            "not-moved", "An alias that another release of this stack has",
            detail: "`\(address)` is to move `\(desired.place)`, which `releases.\(holder)` of this stack moves.",
            fix:
                "Write `moved: \(holder)` in `\(address)` if it only has another name in the spec now; else apply without "
                + "`\(address)` first, so that the alias is free.", address: address.description, cause: .conflict)
    }
}

extension ReleaseResource.Desired {
    var place: String { "\(model)@\(alias)" }
}
