package import Engine
package import Language

/// One kind of declared things: all that drover has to know of it beside what its spec and its resource do.
///
/// Everything that differs by kind is a fold over these entries; nothing else switches over kinds.
package struct Kind: Sendable {
    /// The servers that hold the live objects.
    package enum Home: Sendable, Hashable {
        case mlflow, llamaStack, both
        /// None: what is declared lives in other objects, or is not reconciled.
        case none
    }

    /// Where it stands in a spec.
    package let section: Section
    package let home: Home
    /// Where its live names must be unique; nil where they need not be.
    let names: NameSpace?
    /// Makes the driver; nil where no server at hand can hold the kind, or nothing of it is reconciled.
    let driver: @Sendable (DriverContext) -> (any Driver)?
    /// What is wrong between declarations of the kind and others, beside shared names; nothing is contacted.
    let conflicts: @Sendable ([Declaration], SpecFolder) -> [Diagnostic]
    /// Tests what a plan assumes about a declaration, without changing anything; nil when there is nothing to test.
    let probe: (@Sendable (Declaration, ProbeContext) async throws -> Finding.Status?)?

    package init(
        _ section: Section, home: Home, names: NameSpace? = nil,
        driver: @escaping @Sendable (DriverContext) -> (any Driver)? = { _ in nil },
        conflicts: @escaping @Sendable ([Declaration], SpecFolder) -> [Diagnostic] = { _, _ in [] },
        probe: (@Sendable (Declaration, ProbeContext) async throws -> Finding.Status?)? = nil
    ) {
        self.section = section
        self.home = home
        self.names = names
        self.driver = driver
        self.conflicts = conflicts
        self.probe = probe
    }

    /// The servers that a declaration of the kind needs.
    var needs: Needs {
        Needs(
            llamaStack: home == .llamaStack || home == .both, mlflow: home == .mlflow || home == .both)
    }
}

/// A place where live names must be unique, for one kind or several.
package struct NameSpace: Sendable, Hashable {
    /// What shares the names, for a message: `MLflow's prompts and registered models`.
    let members: String

    package init(_ members: String) {
        self.members = members
    }
}

/// Which servers are needed.
package struct Needs: Sendable, Hashable {
    package var llamaStack = false
    package var mlflow = false

    package init(llamaStack: Bool = false, mlflow: Bool = false) {
        self.llamaStack = llamaStack
        self.mlflow = mlflow
    }

    mutating func formUnion(_ other: Needs) {
        llamaStack = llamaStack || other.llamaStack
        mlflow = mlflow || other.mlflow
    }
}
