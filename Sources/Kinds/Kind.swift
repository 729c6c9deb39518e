package import Engine
package import Language

/// One kind of declarations: all that drover has to know about it besides its spec and its resource.
///
/// Everything that differs by kind is derived from these entries; nothing else switches over kinds.
package struct Kind: Sendable {
    /// The servers that hold the live objects.
    package enum Home: Sendable, Hashable {
        case mlflow, llamaStack, both
        /// None: the declaration is part of other objects, or is not reconciled.
        case none
    }

    /// Its section in a spec.
    package let section: Section
    package let home: Home
    /// The servers that hold what the record names of the kind: of parts of other objects some stand alone.
    let recordHome: Home
    /// The name space in which its live names must be unique; nil when they need not be.
    let names: NameSpace?
    /// Creates the driver; nil when no available server can hold the kind, or nothing of it is reconciled.
    let driver: @Sendable (DriverContext) -> (any Driver)?
    /// Conflicts between declarations of the kind and others, besides shared names; no server is contacted.
    let conflicts: @Sendable (Declarations, SpecFolder) -> [Diagnostic]
    /// Tests what a plan assumes about a declaration, without changing anything; nil when there is nothing to test.
    let probe: (@Sendable (Declaration, ProbeContext) async throws -> Finding.Status?)?

    package init(
        _ section: Section, home: Home, recordHome: Home? = nil, names: NameSpace? = nil,
        driver: @escaping @Sendable (DriverContext) -> (any Driver)? = { _ in nil },
        conflicts: @escaping @Sendable (Declarations, SpecFolder) -> [Diagnostic] = { _, _ in [] },
        probe: (@Sendable (Declaration, ProbeContext) async throws -> Finding.Status?)? = nil
    ) {
        self.section = section
        self.home = home
        self.recordHome = recordHome ?? home
        self.names = names
        self.driver = driver
        self.conflicts = conflicts
        self.probe = probe
    }

    /// The servers that a declaration of the kind needs.
    var needs: Needs { home.needs }
}

extension Kind.Home {
    /// The servers that it is.
    var needs: Needs {
        Needs(
            llamaStack: self == .llamaStack || self == .both, mlflow: self == .mlflow || self == .both)
    }
}

/// A name space that one kind or several kinds share.
package struct NameSpace: Sendable, Hashable {
    /// The objects that share it, for a message: `MLflow's prompts and registered models`.
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
