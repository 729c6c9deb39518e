import FoundationEssentials
import Language

/// Creates private Python environments in a cache that all labs share.
struct PythonEnvironments: Sendable {
    /// `~/.cache/drover/environments`, or where `XDG_CACHE_HOME` says.
    let directory: String
    let run: Run
    let report: @Sendable (LabEvent) -> Void

    private static let marker = "drover-finished"

    /// The directory of a complete environment, which is created if needed.
    ///
    /// Its scripts contain its path, so it is created in place and marked when complete; one without the mark is
    /// created again.
    /// - Throws: `Diagnostic` with the end of the installer's output.
    func ready(_ recipe: Recipe) async throws -> String {
        let path = "\(directory)/\(recipe.directoryName)"
        guard !Self.isFinished(path, for: recipe) else { return path }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let lock = try await FileLock.acquire("\(path).lock")
        defer { lock.release() }
        guard !Self.isFinished(path, for: recipe) else { return path }
        let started = ContinuousClock.now
        report(.installing(name: "\(recipe.name) \(recipe.version)", directory: path))
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        do {
            try await make(recipe, at: path)
        } catch {
            try? FileManager.default.removeItem(atPath: path)  // What is left does no harm: it is made anew.
            throw error
        }
        try Data("made by drover lab\n".utf8).write(to: URL(filePath: "\(path)/\(Self.marker)"))
        report(.installed(name: "\(recipe.name) \(recipe.version)", after: .now - started))
        return path
    }

    /// Whether it is complete, and still runs: the Python that it links to may have been removed since.
    static func isFinished(_ path: String, for recipe: Recipe) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(marker)")
            && ["bin/python", recipe.program].allSatisfy {
                FileManager.default.isExecutableFile(atPath: "\(path)/\($0)")
            }
    }

    private func make(_ recipe: Recipe, at path: String) async throws {
        let python = try await PythonFinder(run: run).find()
        let installer = Installer(usesUV: try await run(["uv", "--version"])?.succeeded ?? false, environment: path)
        try await step(installer.create(with: python.path), of: recipe)
        try await install(recipe, with: installer, into: path)
        if !recipe.overlay.isEmpty { try await step(installer.overlay(recipe.overlay), of: recipe) }
        for extract in recipe.extracts {
            try await take(extract, of: recipe, with: installer, into: path)
        }
        guard FileManager.default.isExecutableFile(atPath: "\(path)/\(recipe.program)") else {
            throw Diagnostic.notInstalled(
                recipe, "The packages are installed, but `\(recipe.program)` is not there.", "")
        }
    }

    /// Installs the packages with the first pins that they can be had with.
    private func install(_ recipe: Recipe, with installer: Installer, into path: String) async throws {
        let file = "\(path)/pins.txt"
        var attempts = ([recipe.pins] + recipe.otherPins)[...]
        while let pins = attempts.popFirst() {
            if pins.isEmpty, try await installRelaxed(recipe, with: installer, pins: file) { return }
            try Data(pins.utf8).write(to: URL(filePath: file))
            do {
                return try await step(installer.install(recipe.packages, pins: file), of: recipe)
            } catch let failure as Diagnostic {
                if attempts.isEmpty || failure.code == .noSuchVersion { throw failure }
            }
        }
    }

    /// Installs the packages with the pins of the nearest version, without those that the installer says are in the way:
    /// the latest of everything is seldom what an old version works with.
    private func installRelaxed(
        _ recipe: Recipe, with installer: Installer, pins file: String
    ) async throws -> Bool {
        var left: String? = recipe.pins
        while let pins = left, !pins.isEmpty {
            try Data(pins.utf8).write(to: URL(filePath: file))
            guard let ended = try await run(installer.install(recipe.packages, pins: file)) else { return false }
            if ended.succeeded { return true }
            left = Recipe.relaxed(pins, by: ended.output)
        }
        return false
    }

    private func take(_ extract: Recipe.Extract, of recipe: Recipe, with installer: Installer, into path: String)
        async throws
    {
        let place = "\(path)/extract"
        try await step(installer.unpack(extract.package, into: place), of: recipe)
        let destination = URL(filePath: "\(path)/\(extract.destination)")
        try FileManager.default.createDirectory(
            at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(place)/\(extract.path)", toPath: destination.path)
        try FileManager.default.removeItem(atPath: place)
    }

    private func step(_ words: [String], of recipe: Recipe) async throws {
        let command = words.prefix(3).joined(separator: " ")
        guard let ended = try await run(words) else {
            throw Diagnostic.notInstalled(recipe, "There is no program `\(words.first ?? "")`.", "")
        }
        guard !ended.succeeded else { return }
        throw recipe.isUnknown(by: ended.output)
            ? Diagnostic.noSuchVersion(recipe)
            : Diagnostic.notInstalled(recipe, "`\(command) …` failed.", ended.lastLines)
    }
}

/// The commands that create and fill an environment: with uv if it is installed, else with `venv` and `pip`.
struct Installer: Sendable {
    let usesUV: Bool
    let environment: String

    private var python: String { "\(environment)/bin/python" }

    func create(with python: String) -> [String] {
        usesUV ? ["uv", "venv", "--quiet", "--python", python, environment] : [python, "-m", "venv", environment]
    }

    func install(_ packages: [String], pins: String) -> [String] {
        (usesUV ? ["uv", "pip", "install", "--python", python] : [python, "-m", "pip", "install"])
            + ["--constraint", pins] + packages
    }

    /// Without what they need: that is there already.
    func overlay(_ packages: [String]) -> [String] {
        (usesUV ? ["uv", "pip", "install", "--python", python] : [python, "-m", "pip", "install"])
            + ["--no-deps"] + packages
    }

    func unpack(_ package: String, into place: String) -> [String] {
        (usesUV ? ["uv", "pip", "install", "--python", python] : [python, "-m", "pip", "install"])
            + ["--no-deps", "--target", place, package]
    }
}

extension Recipe {
    /// Whether an installer says that the package index does not have it: what uv says, then what pip does.
    func isUnknown(by output: String) -> Bool {
        guard let package = packages.first else { return false }
        // Long lines are broken by uv.
        let words = output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return ["there is no version of \(package)", "No matching distribution found for \(package)"].contains { said in
            words.ranges(of: said).contains { range in
                let next = words[range.upperBound...].first
                return next.map { !($0.isNumber || $0 == ".") || words[range.upperBound...].hasPrefix(". ") } ?? true
            }
        }
    }
}

extension Diagnostic.Code {
    fileprivate static let noSuchVersion: Diagnostic.Code = "lab-no-such-version"
}

extension Diagnostic {
    fileprivate static func noSuchVersion(_ recipe: Recipe) -> Diagnostic {
        Diagnostic(
            .noSuchVersion, "No such version of the server",
            detail: "The Python package index that is used here has no \(recipe.name) \(recipe.version).",
            fix: "Name one that it has: https://pypi.org/project/\(recipe.name)/#history lists them.", cause: .usage)
    }

    fileprivate static func notInstalled(_ recipe: Recipe, _ what: String, _ output: String) -> Diagnostic {
        Diagnostic(
            "lab-install-failed", "Server not installed",
            detail: "The environment of \(recipe.name) \(recipe.version) could not be made. \(what)"
                + (output.isEmpty ? "" : " The installer's last words:\n\(output)"),
            fix: "Check that a Python package index can be reached (and that Python has its `venv` module, or uv is "
                + "installed), then run the command again: it starts afresh.",
            cause: .unavailable)
    }
}
