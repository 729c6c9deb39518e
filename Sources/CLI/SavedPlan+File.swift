import Engine
import FoundationEssentials
import Language
import Reports
import Wire

extension SavedPlan {
    /// Larger files are no plans.
    private static let largest = 256 << 20

    /// The plan that stands where a spec is expected; nil when it is a spec that stands there. Pipes can be read only once, and
    /// are left to the reader of specs.
    /// - Throws: `Diagnostic` when it is a plan that cannot be used.
    static func read(_ paths: [String]) throws -> SavedPlan? {
        guard paths.count == 1, let path = paths.first, path != "-", FileBytes.isRegular(path) else { return nil }
        return try plan(at: path)
    }

    /// Whether a plan stands at a path, whole or not; a pipe has none.
    static func isOne(_ path: String) -> Bool {
        guard path != "-", FileBytes.isRegular(path), let bytes = try? FileBytes.read(path, atMost: largest) else {
            return false
        }
        return isPlan(bytes)
    }

    private static func plan(at path: String) throws -> SavedPlan? {
        // What cannot be read as a file is for the reader of specs to judge.
        guard let bytes = try? FileBytes.read(path, atMost: largest), isPlan(bytes) else { return nil }
        return try SavedPlan(bytes, path: path)
    }

    /// The plan at a path.
    /// - Throws: `Diagnostic` when there is none.
    static func open(_ path: String) throws -> SavedPlan {
        guard path != "-" else { throw Diagnostic.planToShowFromInput }
        if let plan = try plan(at: path) { return plan }
        let isThere = FileManager.default.fileExists(atPath: path)
        throw Diagnostic(
            "no-plan", "No saved plan",
            detail: isThere ? "`\(path)` is no saved plan." : "There is no file `\(path)`.",
            fix: "Name a file that `drover plan --out FILE` wrote.", cause: .usage)
    }

    /// Only a plan is replaced by another one: another file may be the spec. A pipe or a device is written to, and not read.
    static func check(placeFor path: String) throws {
        guard FileBytes.isRegular(path) else { return }
        do {
            let bytes = try FileBytes.read(path, atMost: largest)
            if bytes.isEmpty || isPlan(bytes) { return }
        } catch {
            // What cannot be read is told when the plan is written; what is too large is no plan.
            guard error == .tooLarge else { return }
        }
        throw Diagnostic(
            "not-a-plan", "A file that is no saved plan", detail: "`\(path)` is there already, and is no saved plan.",
            fix: "Choose another file for the plan, or remove this one.", cause: .usage)
    }

    /// Writes it to a file, which is replaced as a whole.
    func write(to path: String) throws {
        let text = try json
        try ReportFile(path, of: .plan).write { try $0.write(text) }
    }

    /// The servers of the plan, as they were shown when it was made.
    var locations: [ConnectedServer] {
        inputs.servers.map { server in
            ConnectedServer(
                name: server.name, version: server.version, url: server.url,
                origin: server.origin ?? "when it was planned", user: server.user
            ).inWorkspace(of: [.mlflow: server.identity])
        }
    }
}

extension Node {
    /// What is wrong with a spec that is a plan: one that was saved, from standard input, or one that was printed.
    var planAsSpec: Diagnostic? {
        if self["format"]?.string == SavedPlan.format { return .planFromInput(at: range) }
        return isPrintedPlan ? .printedPlan(at: range) : nil
    }
}

extension Diagnostic {
    fileprivate static func planFromInput(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "plan-as-spec", "A saved plan where a spec belongs",
            detail: "This is a saved plan, which is read from one file, by its path, and goes with no spec.",
            fix: "Write it to a file; `drover apply FILE` does it then, and `drover show FILE` shows it.",
            at: range.firstLine, cause: .usage)
    }

    fileprivate static let planToShowFromInput = Diagnostic(
        "no-plan", "No saved plan", detail: "A saved plan is read from a file, by its path, not from standard input.",
        fix: "Write it to a file; `drover show FILE` shows it then.", cause: .usage)

    fileprivate static func printedPlan(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "plan-as-spec", "A printed plan where a spec belongs",
            detail: "This is a plan as `--format json` prints it, which does not hold what has to be applied.",
            fix: "Save the plan with `drover plan --out FILE`; `drover apply FILE` does it then.", at: range.firstLine,
            cause: .usage)
    }

    /// - Parameter isAlone: Whether nothing else was named.
    static func planAsSpec(_ path: String, isAlone: Bool) -> Diagnostic {
        Diagnostic(
            "plan-as-spec", "A saved plan where a spec belongs",
            detail: isAlone
                ? "`\(path)` is a plan that was saved, and this command reads a spec."
                : "`\(path)` is a plan that was saved: it holds its spec, and goes with no other one.",
            fix: "`drover show \(CopiedCommand.quoted(path))` shows it, and `drover apply "
                + "\(CopiedCommand.quoted(path))` does it.", cause: .usage)
    }
}

extension Inputs.Sources {
    init(_ spec: SpecOptions) {
        self.init(
            paths: spec.paths, overlays: spec.variation.overlays, variables: spec.variation.variables,
            variableFiles: spec.variation.variableFiles, allowOutside: spec.variation.allowOutside)
    }

    /// The same as options of a command.
    var variation: VariationOptions {
        var options = VariationOptions()
        options.overlays = overlays
        options.variables = variables
        options.variableFiles = variableFiles
        options.allowOutside = allowOutside
        return options
    }
}

extension Inputs {
    /// What a plan of a stack is made from.
    /// - Parameters:
    ///   - deployment: nil before the servers were asked.
    ///   - servers: Those that it is for.
    init(_ stack: Stack, _ sources: Sources, _ deployment: Deployment?, servers: [Server] = []) {
        self.init(
            sources: sources, spec: YAMLWriter.write(stack.rendered), files: stack.folder.digestsRead,
            servers: servers,
            permissions: deployment?.permissions ?? Permissions(),
            selection: deployment?.selection ?? .everything, record: deployment?.recordDigest ?? "")
    }
}

extension Session {
    /// The servers at hand, as a saved plan pins them.
    var plannedServers: [Inputs.Server] {
        get async throws {
            let identities = try await identities.value()
            return locations.map { location in
                let url = WebAddress.shown(location.url)
                let identity = identities.values.first { $0.url == url && $0.name == location.name }
                return Inputs.Server(
                    name: location.name, version: location.version, url: location.url,
                    instance: identity?.instance, workspace: identity?.workspace, origin: location.origin,
                    user: location.user)
            }
        }
    }
}
