import Language

/// What the parser of the command line says of an option that the command does not have.
enum UnknownOption {
    /// The same message; an option is suggested only where it is spelled nearly so.
    static func told(_ message: String) -> String {
        message.replacing(/Unknown option '(--?)([^']+)'(?:\. Did you mean '--?([^']+)'\?)?/) { match in
            let unknown = "Unknown option '\(match.1)\(match.2)'"
            if match.2 == "spec", message.contains("[<paths> ...]") {
                return "\(unknown). Name the files or directories of the spec without an option."
            }
            guard let suggested = match.3 else { return String(match.0) }
            let isNear = Suggestion.nearest(to: String(match.2), among: [String(suggested)]) != nil
            return isNear ? String(match.0) : unknown + "."
        }
    }
}
