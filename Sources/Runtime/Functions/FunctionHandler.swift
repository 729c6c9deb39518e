package import Language

/// Executes a declared function. Handlers come only from a local spec, never from a logged definition.
package protocol FunctionHandler: Sendable {
    /// Executes one call, whose arguments conform to the function's schema.
    ///
    /// - Returns: the result for the model.
    /// - Throws: `FunctionFailure`, which is passed to the model, too; `CancellationError`.
    func call(_ arguments: Value) async throws -> String
}

/// A function could not be executed. The message is passed to the model, so it contains no secret.
package struct FunctionFailure: Error, Sendable, Hashable {
    package var message: String

    package init(_ message: String) {
        self.message = message
    }
}

/// The maximum size of a function's output in bytes; a longer output is a failure.
package let functionOutputLimit = 1 << 20
