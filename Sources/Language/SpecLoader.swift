/// Reads a stack: files, join, overlays, variables; reports the mistakes of all steps together.
package struct SpecLoader: Sendable {
    private let fields: [Field]
    private let environment: [String: String]
    private let workingDirectory: String
    private let standardInput: SpecFiles.StandardInput

    /// - Parameters:
    ///   - fields: those at the top of a spec; they say which keys are drover's and which are the user's.
    ///   - environment: the only one that `${env…}` sees.
    ///   - workingDirectory: absolute; relative paths are resolved against it, and shown relative to it.
    ///   - standardInput: what the path `-` reads.
    package init(
        fields: [Field], environment: [String: String], workingDirectory: String,
        standardInput: @escaping SpecFiles.StandardInput
    ) {
        self.fields = fields
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.standardInput = standardInput
    }

    /// Reads what the paths name, and applies the overlays.
    package func load(
        paths: [String], overlays: [String] = [], variables inputs: VariableInputs = VariableInputs()
    ) -> LoadedSpec {
        var files = SpecFiles(workingDirectory: workingDirectory, standardInput: standardInput)
        files.add(paths: paths)
        var join = StackJoin(fields)
        var root = join.join(files.documents)
        if root == nil, files.diagnostics.isEmpty, join.diagnostics.isEmpty { join.reportEmpty(files.sources) }
        var overlay = Overlay()
        for path in overlays {
            for document in files.separate(path) { root = overlay.lay(document, over: root) }
        }
        let variableFiles = inputs.files.flatMap { files.separate($0) }
        var variables = Variables(environment: environment)
        variables.evaluate(root?["variables"], assignments: inputs.assignments, files: variableFiles)
        var resolver = Resolver(values: variables.values, names: variables.names, environment: environment)
        root = root.map { resolver.resolveStack($0, fields) }
        return LoadedSpec(
            files: files, root: root, variables: variables.values, removals: overlay.removals,
            diagnostics: files.diagnostics + join.diagnostics + overlay.diagnostics + variables.diagnostics
                + resolver.diagnostics)
    }
}

/// A stack as it was read, and every mistake found so far.
package struct LoadedSpec: Sendable {
    private let files: SpecFiles
    /// The joined tree with variables and environment substituted; nil when nothing could be read.
    ///
    /// A reference that could not be resolved is reported already and stays `.pending` with `var` or `env` first.
    package let root: Node?
    package let variables: [String: Value]
    /// The fields that overlays removed.
    package let removals: [Overlay.Removal]
    /// In the order of the steps, not sorted by place.
    package let diagnostics: [Diagnostic]

    fileprivate init(
        files: SpecFiles, root: Node?, variables: [String: Value], removals: [Overlay.Removal],
        diagnostics: [Diagnostic]
    ) {
        self.files = files
        self.root = root
        self.variables = variables
        self.removals = removals
        self.diagnostics = diagnostics
    }

    package var sources: SourceMap {
        files.sources
    }

    /// The spec root: the directory of the first path; of standard input, the working directory. Absolute.
    package var rootDirectory: String {
        files.rootDirectory
    }

    /// Whether all sources were read to their ends; otherwise a name that is missing may only be unread.
    package var isComplete: Bool {
        files.isComplete
    }

    /// The directory of the file that a value was written in: what relative paths in it are relative to. Absolute.
    package func directory(of range: SourceRange) -> String {
        files.directory(of: range)
    }
}

extension Resolver {
    /// The stack with all known values substituted; the declarations of variables are left as is.
    fileprivate mutating func resolveStack(_ root: Node, _ fields: [Field]) -> Node {
        guard var entries = root.entries else { return root }
        for index in entries.indices where entries[index].key != VariablesField.field.name {
            guard let shape = fields.shape(of: entries[index].key) else { continue }
            entries[index].value = resolve(entries[index].value, as: shape)
        }
        return Node(.mapping(entries), at: root.range)
    }
}

extension StackJoin {
    /// Reports that all sources are empty, at the first of them.
    fileprivate mutating func reportEmpty(_ sources: SourceMap) {
        report(
            Diagnostic(
                "empty-spec", "Empty spec", detail: "The files have no values, only comments or nothing at all.",
                fix: "Begin with `drover: v1` and `stack: NAME`.",
                at: sources.sources.isEmpty ? nil : .start(of: SourceID(index: 0))))
    }
}
