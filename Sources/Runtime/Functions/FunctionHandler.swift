package import Language

/// Carries out a declared function. Handlers come from a local spec only, never from a logged definition.
package protocol FunctionHandler: Sendable {
    /// Carries out one call whose arguments follow the function's schema.
    ///
    /// - Returns: what the model is told.
    /// - Throws: `FunctionFailure`, which the model is told too; `CancellationError`.
    func call(_ arguments: Value) async throws -> String
}

/// A function could not be carried out. The words go back to the model, so they hold no secret.
package struct FunctionFailure: Error, Sendable, Hashable {
    package var message: String

    package init(_ message: String) {
        self.message = message
    }
}

/// The most bytes of a function's output that the model is told; a longer output is a failure.
package let functionOutputLimit = 65_536
