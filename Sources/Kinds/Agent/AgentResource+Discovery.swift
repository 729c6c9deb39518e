package import Engine
import Language
import Runtime
import Wire

/// The discovery of a stack's agents.
extension AgentResource {
    package func discover(_ wanted: [Address: AgentSpec], of stack: StackName) async throws -> [Discovered<Live>] {
        async let logged = logged(of: stack)
        async let served = serverAgents(of: stack)
        var (lives, left) = try await logged
        let agents = try await served
        for (address, agents) in placed(agents, beside: lives, of: stack, isDeclared: { wanted[$0] != nil }) {
            lives[address, default: Live()].onServer = agents
        }
        if !agents.isEmpty { await noteNamesInUse(&lives) }
        for (address, spec) in wanted { Self.joinMoved(spec, address, wanted, &lives) }
        let found = lives.sorted { $0.key < $1.key }.flatMap { address, live -> [Discovered<Live>] in
            // What an interrupted first apply began is resumed when the agent is created.
            guard live.isThere || wanted[address] == nil else { return [] }
            return discovered(live, at: address, wanted[address])
        }
        return found + left.map(Self.unforgotten)
    }

    /// Versions that were logged elsewhere for an agent of the same address. Of several stacks' those count that are in its
    /// registered model.
    package func discoverOthers(
        _ missing: [Address: AgentSpec], of stack: StackName
    ) async throws -> [Discovered<Live>] {
        guard let mlflow else { return [] }
        var found: [Discovered<Live>] = []
        let places = missing.compactMap { address, spec in
            spec.place(at: address, in: stack).map { (address, $0.registeredModel) }
        }
        for (address, place) in places.sorted(by: { $0.0 < $1.0 }) {
            let listed = try await mlflow.modelVersions(where: MLflowFilter.tag(Mark.addressKey, address.description))
            let named = try await registry?.models.value() ?? []
            let versions = AgentVersion.join(listed, with: named).filter { version in
                version.mark?.address == address && version.modelID != nil && version.status != .failed
            }
            let owners = Dictionary(grouping: versions.filter { $0.mark?.stack != stack.name }) { $0.mark?.stack ?? "" }
            let here = owners.filter { $1.contains { $0.registeredModel == modelNames[place] ?? place.name } }
            for (owner, theirs) in (here.isEmpty ? owners : here).sorted(by: { $0.key < $1.key }) {
                let live = Live(of: theirs, beside: .none, in: [])
                let label = live.current?.uri ?? address.description
                found.append(Discovered(address, .other(stack: owner), live, label: label))
            }
        }
        return found
    }

    package static var importKey: String? { "the version of its registered model, as `models:/NAME/3`" }

    /// One version; it must have been logged, as those that drover makes are.
    package func find(_ id: String, of stack: StackName) async throws -> Discovered<Live>? {
        let path = id.hasPrefix(Self.versionPrefix) ? id.dropFirst(Self.versionPrefix.count) : id[...]
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let mlflow, parts.count == 2, let number = Int(parts[1]), !parts[0].isEmpty,
            let version = try await mlflow.agentVersions(of: parts[0]).first(where: { $0.number == number }),
            version.modelID != nil, version.status != .failed
        else { return nil }
        var live = Live()
        live.current = version
        return Discovered(named: id, Self.kind, live, version.tags, of: stack, label: version.uri)
    }

    private static let versionPrefix = "models:/"

    /// A version whose forgetting was interrupted.
    private static func unforgotten(_ version: AgentVersion) -> Discovered<Live> {
        let address = version.mark?.address ?? Address(kind, version.definition?.name ?? version.registeredModel)
        var live = Live()
        live.current = version
        return Discovered(address, .retained, live, label: version.uri, isStale: true)
    }

    /// While an agent is moved from one address to another, some of its versions have the old one and some the new one.
    private static func joinMoved(
        _ spec: AgentSpec, _ address: Address, _ wanted: [Address: AgentSpec], _ lives: inout [Address: Live]
    ) {
        guard let old = spec.common.moved.map({ Address(Self.kind, $0.value) }), wanted[old] == nil,
            let former = lives[old], former.isThere, let moved = lives.removeValue(forKey: address)
        else { return }
        lives[old] = former.joined(with: moved)
    }

    /// The logged parts of each agent, by its address, and the versions that are still to be forgotten.
    private func logged(of stack: StackName) async throws -> ([Address: Live], left: [AgentVersion]) {
        guard let mlflow else { return ([:], []) }
        async let listed = mlflow.agentVersions(ofStack: stack.name, in: registry)
        async let experiments = mlflow.experiments(firstFor: Self.kind)
        let marked = try await listed.filter { ($0.mark?.address.kind ?? Self.kind) == Self.kind && $0.modelID != nil }
        let left = marked.filter { $0.mark == nil || $0.tags[Mark.retainedKey] == stack.name }
        let versions = marked.filter { !left.contains($0) && $0.status != .failed }
        let active = try await experiments.filter { !$0.isDeleted }
        let named = Set(versions.compactMap { $0.tags[AgentVersion.experimentTag] })
        let places = active.filter { $0.tags[Mark.stackKey] == stack.name || named.contains($0.id) }.map(\.id)
        let parts = try await mlflow.loggedParts(taggedWith: (Mark.stackKey, stack.name), inExperiments: places)
        var lives = Dictionary(grouping: versions) { $0.mark?.address ?? Address(Self.kind, "") }.mapValues {
            Live(of: $0, beside: parts, in: Set(places))
        }
        if let registry {
            let kept = RetainedVersions(try await registry.models.value(), of: stack, counts: retained)
            for (address, live) in lives {
                lives[address]?.retained = Set(
                    live.versions.filter { kept.holds($0.number, of: $0.registeredModel) }.map(\.uri))
            }
        }
        var loose = parts.loose(beside: marked)
        if !loose.addresses(stack).isEmpty { loose = loose.loose(beside: try await mlflow.modelVersions()) }
        for address in loose.addresses(stack) {
            lives[address, default: Live()].loose = loose.of(address, stack)
        }
        return (lives, left)
    }

    /// Server agents of a declared agent that no longer exists on any server are leftovers, once no version with an alias uses
    /// them; one that the spec names by its id is none.
    private func discovered(_ live: Live, at address: Address, _ spec: AgentSpec?) -> [Discovered<Live>] {
        let server = live.onServer.first?.label
        guard let spec, case .nowhere = spec.log, runtimes[address] != .agents || spec.existing != nil, server != nil
        else {
            let label = live.current?.uri ?? server ?? live.loose.told
            return [Discovered(address, .ours, live, label: label)]
        }
        var logged = live
        logged.onServer = live.onServer.filter { agent in
            agent.id == spec.existing?.value || live.namesInUse?.contains(agent.name ?? "") ?? true
        }
        let stale = live.onServer.filter { !logged.onServer.contains($0) }.map {
            Discovered(address, .ours, Live(onServer: [$0]), label: $0.label, isStale: true)
        }
        let label = live.current?.uri ?? logged.onServer.first?.label
        return (label.map { [Discovered(address, .ours, logged, label: $0)] } ?? []) + stale
    }
}

extension AgentResource.Live {
    /// Nothing.
    init() {
        self.init(current: nil, others: [], onServer: [])
    }

    /// The versions of an agent; the newest one counts.
    /// - Parameter experiments: The ids of those whose runs and logged models are known.
    fileprivate init(of versions: [AgentVersion], beside parts: LoggedParts, in experiments: Set<String>) {
        let twins = Self.twins(among: versions)
        let sorted = Self.newestFirst(versions.filter { !twins.contains($0) })
        self.init(current: sorted.first, others: Array(sorted.dropFirst()), onServer: [], twins: twins)
        guard let current, let place = current.tags[AgentVersion.experimentTag], experiments.contains(place) else {
            return
        }
        isModelGone = current.modelID.map { id in !parts.models.contains { $0.id == id } } ?? false
        isRunGone = !current.runID.isEmpty && !parts.runs.contains { $0.id == current.runID }
    }

    /// Of one registered model by their numbers, since the server's clock may have gone back; of several models, those of the
    /// one that has the latest, by what drover noted, and by the clock only where it noted nothing.
    private static func newestFirst(_ versions: [AgentVersion]) -> [AgentVersion] {
        let models = Dictionary(grouping: versions, by: \.registeredModel).map { name, versions in
            (
                name: name, order: versions.compactMap(\.order).max() ?? 0,
                latest: versions.map(\.created).max() ?? 0, versions: versions.sorted { $0.number > $1.number }
            )
        }
        return models.sorted { ($0.order, $0.latest, $0.name) > ($1.order, $1.latest, $1.name) }.flatMap(\.versions)
    }

    /// The place that a new version has among all; nil where all are of its registered model.
    func nextOrder(in registeredModel: String) -> Int? {
        let known = versions.compactMap(\.order).max()
        guard known != nil || versions.contains(where: { $0.registeredModel != registeredModel }) else { return nil }
        return (known ?? 0) + 1
    }

    /// Of several versions of one logged model, the superfluous ones: all but the first, or all but those that an alias
    /// points at.
    private static func twins(among versions: [AgentVersion]) -> [AgentVersion] {
        let made = versions.filter { $0.modelID != nil }
        return Dictionary(grouping: made) { [$0.registeredModel, $0.modelID ?? ""] }.values.flatMap { same in
            let free = same.filter(\.aliases.isEmpty).sorted { $0.number < $1.number }
            return free.count < same.count ? free[...] : free.dropFirst()
        }
    }

    /// Whether it is more than the leftovers of an interrupted apply.
    fileprivate var isThere: Bool {
        current != nil || !onServer.isEmpty
    }

    /// Both combined; the other's versions count as much as these.
    fileprivate func joined(with other: Self) -> Self {
        let versions = Self.newestFirst([self, other].flatMap { ($0.current.map { [$0] } ?? []) + $0.others })
        var joined = other.current != nil && other.current == versions.first ? other : self
        joined.others = versions.filter { $0 != joined.current }
        joined.twins = twins + other.twins
        joined.onServer = onServer + other.onServer
        joined.loose = LoggedParts(
            runs: loose.runs + other.loose.runs, models: loose.models + other.loose.models)
        return joined
    }
}
