import ArgumentParser
import Language

/// The options for the lock of a stack.
struct LockOptions: ParsableArguments {
    @Option(help: "How long to wait for someone else's apply of this stack, such as 30s or 10m.")
    var lockTimeout = "2m"

    @Flag(help: "Do not lock the stack: nobody else applies it meanwhile.")
    var noLock = false

    var timeout: Duration {
        Quantity.duration(lockTimeout) ?? .zero  // Valid ones only, see below.
    }

    func validate() throws {
        guard Quantity.duration(lockTimeout) != nil else {
            throw ValidationError("--lock-timeout takes a duration such as 30s or 2m.")
        }
    }
}
