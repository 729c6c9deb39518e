import Lab
import Language
import Synchronization

/// The commands that messages name, so that who copies one gets what is meant: about the same spec, with the same servers.
enum CopiedCommand {
    /// How this run was called.
    private struct Call {
        /// The options for servers and the record, as they were given; nil where this is not the program.
        var options: [String]?
        var paths: [String] = []
        /// The options that vary the spec; nil while none was read.
        var variation: [String]?
    }

    private static let call = Mutex(Call())

    /// Notes the command line of this run: from now on commands are completed.
    static func begin(_ words: [String]) {
        call.withLock { $0.options = serverOptions(in: words) }
    }

    /// Notes the spec of this run. What came on standard input is named by `-`: without it, the command would be about the
    /// spec of the directory.
    static func note(_ paths: [String], _ variation: VariationOptions) {
        call.withLock { ($0.paths, $0.variation) = (paths, variation.words) }
    }

    /// The same text, where each command about a spec names that of this run.
    static func completed(_ text: String) -> String {
        let call = call.withLock(\.self)
        guard let options = call.options, let variation = call.variation else { return text }
        return completed(text, paths: call.paths, options: variation + options)
    }

    static func completed(_ text: String, paths: [String], options: [String]) -> String {
        guard !paths.isEmpty || !options.isEmpty, text.contains("`drover ") else { return text }
        return naming(lab(in: options), in: text).replacing(/`drover ([a-z]+)((?: [^`]*)?)`/) { match in
            let (command, rest) = (String(match.1), String(match.2))
            let named = withOption.contains(command) ? paths.flatMap { ["--spec", $0] } : paths
            let added = (named + options.map(withoutPassword)).map { " " + quoted($0) }.joined()
            // What names a saved plan has its spec.
            guard withOption.contains(command) || withPaths.contains(command), !isAboutPlan(command, rest),
                !rest.hasSuffix(added)
            else { return String(match.0) }
            return "`drover \(command)\(rest)\(added)`"
        }
    }

    /// The lab where the servers are, unless that is the one which needs no name.
    private static func lab(in options: [String]) -> String? {
        guard let index = options.firstIndex(of: "--lab"), index + 1 < options.count else { return nil }
        return options[index + 1] == LabPlace.defaultName ? nil : options[index + 1]
    }

    /// The same text, where each command that starts or stops a lab names this one.
    private static func naming(_ lab: String?, in text: String) -> String {
        guard let lab else { return text }
        return text.replacing(/`drover lab ((?:up|down|status|logs)[^`]*)`/) { match in
            match.1.contains("--name") ? String(match.0) : "`drover lab \(match.1) --name \(quoted(lab))`"
        }
    }

    /// A word as a shell takes it for one.
    static func quoted(_ word: String) -> String {
        let plain = /[A-Za-z0-9_.\/:=@%+,\-]+/
        guard word.wholeMatch(of: plain) == nil else { return word }
        return "'" + word.replacing("'", with: #"'\''"#) + "'"
    }

    /// An option in which `PASSWORD` stands for what a URL has before its host: nobody is to read that on a screen. Left out,
    /// the option would be missed, and the command would be about another server.
    static func withoutPassword(_ word: String) -> String {
        // A password may have what has to be escaped in a URL; after a colon, digits and a slash are a port and a path.
        word.replacing(/(:\/\/[^\/?#@:\s]*:)(?!\d+[\/?#])[^\s"']*@/) { "\($0.1)PASSWORD@" }
            .replacing(/(:\/\/)[^\/?#@:\s]+@/) { "\($0.1)PASSWORD@" }
    }

    private static let withPaths: Set = [
        "apply", "approve", "destroy", "doctor", "drift", "graph", "history", "judge", "plan", "rollback", "state",
        "test", "up",
    ]
    private static let withOption: Set = ["import", "invoke", "output", "serve"]

    private static func isAboutPlan(_ command: String, _ rest: String) -> Bool {
        ["apply", "plan"].contains(command) && !rest.isEmpty && (!rest.hasPrefix(" --") || rest.hasSuffix(" FILE"))
    }

    static func serverOptions(in words: [String]) -> [String] {
        let names = ["--llamastack-url", "--mlflow-url", "--record", "--lab"]
        var options: [String] = []
        for (index, word) in words.prefix(while: { $0 != "--" }).enumerated() {
            if let name = names.first(where: { word.hasPrefix("\($0)=") }) {
                options += [name, String(word.dropFirst(name.count + 1))]
            } else if names.contains(word), index + 1 < words.count {
                options += [word, words[index + 1]]
            }
        }
        return options
    }
}

extension VariationOptions {
    /// The options as they were given, without what may be a secret.
    var words: [String] {
        overlays.flatMap { ["--overlay", $0] } + variables.flatMap { ["--var", Self.shown($0)] }
            + variableFiles.flatMap { ["--var-file", $0] } + (allowOutside ? ["--allow-outside"] : [])
    }

    /// `NAME=VALUE`; where the value may be a secret, or hold one, `NAME=…`.
    private static func shown(_ variable: String) -> String {
        guard let sign = variable.firstIndex(of: "=") else { return variable }
        let hasPassword = variable[sign...].contains("://") && variable[sign...].contains("@")
        guard hasPassword || SecretName.isOne(String(variable[..<sign])) else { return variable }
        return variable[...sign] + "…"
    }
}
