import FoundationEssentials
import Language

/// Finds a Python that works: on the search path, in pyenv, or known to uv.
struct PythonFinder: Sendable {
    /// A Python and the version that it reports.
    struct Python: Sendable, Hashable {
        let path: String
        /// Major and minor, as in `3.12`.
        let version: String
    }

    /// The versions that the pinned packages have wheels for; the first is the one they were tested with.
    static let versions = ["3.12", "3.13"]

    /// Runs a program and returns its output; nil when it does not exist or failed.
    typealias Ask = @Sendable (_ words: [String]) async throws -> String?

    let ask: Ask
    /// Where pyenv keeps its versions; nil when that is unknown.
    let pyenv: String?

    init(run: Run) {
        ask = { words in
            guard let ended = try await run(words, standardError: false), ended.succeeded else { return nil }
            return ended.output.trimmed
        }
        let home = run.environment["HOME"].map { "\($0)/.pyenv" }
        pyenv = run.environment["PYENV_ROOT"] ?? home
    }

    init(pyenv: String?, ask: @escaping Ask) {
        self.pyenv = pyenv
        self.ask = ask
    }

    /// The first candidate that runs and has a wanted version.
    ///
    /// Each candidate is run: a shim of pyenv may exist and lead nowhere.
    /// - Throws: `Diagnostic` that names the command that installs one.
    func find() async throws -> Python {
        for candidate in Self.versions.map({ "python\($0)" }) + ["python3"] + pyenvCandidates() {
            if let python = try await python(at: candidate) { return python }
        }
        let hasUV = try await ask(["uv", "--version"]) != nil
        if hasUV, let path = try await ask(["uv", "python", "find", "3.12"]), let python = try await python(at: path) {
            return python
        }
        throw Diagnostic.noPython(hasUV: hasUV)
    }

    private func python(at candidate: String) async throws -> Python? {
        let question = "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2], sep='\\n')"
        guard let answer = try await ask([candidate, "-c", question]) else { return nil }
        let lines = answer.split(separator: "\n").map(String.init)
        guard lines.count == 2, Self.versions.contains(lines[1]) else { return nil }
        return Python(path: lines[0], version: lines[1])
    }

    private func pyenvCandidates() -> [String] {
        guard let pyenv else { return [] }
        // A folder that cannot be read counts as empty.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(pyenv)/versions")) ?? []
        return Self.versions.flatMap { version in
            names.filter { $0 == version || $0.hasPrefix("\(version).") }.sorted(by: >)
        }.map { "\(pyenv)/versions/\($0)/bin/python3" }
    }
}

extension Diagnostic {
    fileprivate static func noPython(hasUV: Bool) -> Diagnostic {
        Diagnostic(
            "lab-no-python", "No Python",
            detail: """
                The servers of the lab need Python 3.12 or 3.13; neither `python3.12`, `python3.13` nor `python3` on \
                the search path, pyenv or uv has one that runs.
                """,
            fix: hasUV
                ? "Run `uv python install 3.12`."
                : "Run `curl -LsSf https://astral.sh/uv/install.sh | sh`, then `uv python install 3.12`.",
            cause: .unavailable)
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        guard
            let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
