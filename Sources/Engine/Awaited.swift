package import Language

/// A part of a spec that drover validates, but does not implement yet.
package struct Awaited: Sendable, Hashable {
    /// What it is, as the subject of a sentence: "The field `provider`".
    package let what: String
    /// Its place; nil for the declaration as a whole.
    package let range: SourceRange?
    /// Whether the declaration means something else without it, so that it must not be applied or run.
    package let isNeeded: Bool

    private init(what: String, range: SourceRange?, isNeeded: Bool) {
        self.what = what
        self.range = range
        self.isNeeded = isNeeded
    }

    /// A whole declaration; `noun` has no article: "prompt".
    package static func whole(_ noun: String) -> Awaited {
        Awaited(what: "A \(noun)", range: nil, isNeeded: false)
    }

    /// A field; needed when the declaration means something else without it.
    package static func field(_ name: String, at range: SourceRange, isNeeded: Bool = false) -> Awaited {
        Awaited(what: "The field `\(name)`", range: range, isNeeded: isNeeded)
    }
}

extension Fields {
    /// Those of these fields that are present.
    package func awaited(_ names: [String], isNeeded: Bool = false) -> [Awaited] {
        names.filter(has).compactMap { name in
            keyRange(of: name).map { .field(name, at: $0, isNeeded: isNeeded) }
        }
    }
}

extension Workflow {
    /// What drover does not implement yet, each at its place.
    ///
    /// A warning when it has no effect; an error (`lacking`) when something that is applied or run needs it. What only
    /// suites need is a warning, unless they are run too.
    package func awaited(tryingSuites: Bool) -> [Diagnostic] {
        declarations.flatMap { declaration in
            let own = declaration.spec.awaited
            let isRun = isReconciled(declaration) || (tryingSuites && !declaration.spec.isAwaited)
            let needed = isRun ? declaration.uses.compactMap(neededButAwaited) : []
            return own.map { Diagnostic.awaited($0, declaration, isError: $0.isNeeded && isRun) } + needed
        }
    }

    private func isReconciled(_ declaration: Declaration) -> Bool {
        graph.dependencies(of: declaration.address) != nil && !declaration.spec.isAwaited
    }

    private func neededButAwaited(_ use: Use) -> Diagnostic? {
        guard use.range != nil, let declaration = self[use.address], declaration.spec.isAwaited else { return nil }
        return .neededButAwaited(use, declaration)
    }
}

extension DeclaredSpec {
    /// Whether the declaration as a whole is not implemented.
    fileprivate var isAwaited: Bool {
        awaited.contains { $0.range == nil }
    }
}

extension Diagnostic {
    fileprivate static func awaited(_ awaited: Awaited, _ declaration: Declaration, isError: Bool) -> Diagnostic {
        Diagnostic(
            isError ? "not-yet-supported" : "not-yet-reconciled",
            isError ? "Not supported by this version of drover" : "Not acted on by this version of drover",
            detail: "\(awaited.what) is checked, and this version of drover does nothing about it"
                + (isError ? ", so `\(declaration.address)` would not be what the spec says." : "."),
            fix: isError
                ? "Remove it, or wait for a version that supports it."
                : "Nothing has to be done; it stays without effect.",
            at: awaited.range ?? declaration.range, address: declaration.address.description,
            severity: isError ? .error : .warning, cause: .lacking)
    }

    fileprivate static func neededButAwaited(_ use: Use, _ declaration: Declaration) -> Diagnostic {
        Diagnostic(
            "not-yet-supported", "Not supported by this version of drover",
            detail: "`\(use.address)` is needed here, and this version of drover can only check it.",
            fix: "Remove the mention, or wait for a version that supports it.", at: use.range,
            address: use.address.description,
            notes: [Note("It is declared here.", at: declaration.range)], cause: .lacking)
    }
}
