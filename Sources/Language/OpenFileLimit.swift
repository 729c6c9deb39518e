#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The limit on how many files and connections this process may have open at the same time (`RLIMIT_NOFILE`).
package enum OpenFileLimit {
    /// nil when the system does not tell.
    package static var current: Int? {
        var limit = rlimit()
        #if canImport(Glibc)
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        #else
            guard getrlimit(RLIMIT_NOFILE, &limit) == 0 else { return nil }
        #endif
        return Int(exactly: limit.rlim_cur)
    }

    /// Whether an error number says that the limit is reached.
    package static func isMeant(by number: Int32) -> Bool {
        number == EMFILE
    }

    /// Whether nothing more can be opened at the moment.
    package static var isReached: Bool {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard descriptor < 0 else {
            close(descriptor)
            return false
        }
        return isMeant(by: errno)
    }

    /// Why nothing can be opened, as a part of a sentence.
    package static var reason: String {
        let count = current.map { "\($0) " } ?? ""
        return "all \(count)files and connections that this process may have open at the same time are in use"
    }

    /// What to do about it.
    package static let fix =
        "Raise the limit in the shell that starts drover, for example with `ulimit -n 4096`, "
        + "or do less at the same time."
}

extension Diagnostic {
    /// Something was not done because the open-file limit is reached.
    ///
    /// - Parameter problem: The beginning of a sentence: `` `specs/stack.yaml` cannot be read``.
    package static func tooManyOpenFiles(_ problem: String, at subject: SourceRange? = nil) -> Diagnostic {
        Diagnostic(
            "too-many-open-files", "Too many open files", detail: "\(problem): \(OpenFileLimit.reason).",
            fix: OpenFileLimit.fix, at: subject, cause: .unavailable)
    }

    /// The open-file limit is too low for what is going to be done.
    package static func openFileLimitTooLow(_ limit: Int, needed: Int) -> Diagnostic {
        Diagnostic(
            "too-many-open-files", "The limit of open files is too low",
            detail: "This process may have only \(limit) files and connections open at the same time; "
                + "with so many requests at a time it may need \(needed).",
            fix: OpenFileLimit.fix, cause: .unavailable)
    }
}
