import Glibc
import Language

/// The directory that drover was started in.
enum WorkingDirectory {
    /// False when it was removed: Foundation then says that it is `/`, and everything would be looked for and written there.
    static var isThere: Bool {
        guard let path = getcwd(nil, 0) else { return false }
        free(path)
        return true
    }
}

extension Diagnostic {
    static let noWorkingDirectory = Diagnostic(
        "no-working-directory", "No working directory",
        detail: "The directory that drover was started in is not there any more, or may not be read.",
        fix: "Change to a directory that is there, and run it again.", cause: .usage)
}
