import FoundationEssentials

/// The sources of a stack, with the documents and the directory of each.
package struct SpecFiles: Sendable {
    package private(set) var sources = SourceMap()
    /// The directory of the first path; of standard input, the working directory. Absolute.
    package private(set) var rootDirectory: String
    /// The top node of each document that could be read, in the order of the paths.
    package private(set) var documents: [Node] = []
    package private(set) var diagnostics: [Diagnostic] = []
    /// Whether every source was read to its end.
    package private(set) var isComplete = true
    private var directories: [String] = []
    /// By their exact paths: a file system may hold two that Swift takes for equal.
    private var known: Set<ExactText> = []
    /// The documents of files that are not part of the join, by their paths.
    private var separated: [ExactText: [Node]] = [:]
    private let workingDirectory: String
    private let standardInput: StandardInput

    /// Reads standard input up to its end, or up to a number of bytes.
    package typealias StandardInput = @Sendable (_ limit: Int) throws(FileBytes.Failure) -> [UInt8]

    /// Makes an empty collection; relative paths are resolved against the working directory, which is absolute.
    package init(workingDirectory: String, standardInput: @escaping StandardInput) {
        self.workingDirectory = workingDirectory
        self.standardInput = standardInput
        rootDirectory = workingDirectory
    }

    /// The directory of the file that a value was written in: what relative paths in it are relative to. Absolute.
    package func directory(of range: SourceRange) -> String {
        directories[Int(range.source.index)]
    }

    /// Reads all files, directories and `-` that the command line names. A file named twice is read once.
    package mutating func add(paths: [String]) {
        for (index, path) in paths.enumerated() {
            let root = add(path: path)
            if index == 0 { rootDirectory = root }
        }
    }

    /// Reads one file that is not part of the join, such as an overlay. One that is named again is not read again.
    /// - Returns: its documents; empty when it cannot be read, which is reported.
    package mutating func separate(_ path: String) -> [Node] {
        let place = path == "-" ? nil : FileBytes.canonicalPath(Paths.resolve(path, in: workingDirectory))
        if let read = place.flatMap({ separated[ExactText($0)] }) { return read }
        let before = documents.count
        if path == "-" { addStandardInput() } else { addFile(path, asks: true, isJoined: false) }
        let found = Array(documents[before...])
        documents.removeLast(found.count)
        if let place { separated[ExactText(place)] = found }
        return found
    }

    private mutating func add(path: String) -> String {
        if path == "-" {
            addStandardInput()
            return workingDirectory
        }
        let absolute = Paths.resolve(path, in: workingDirectory)
        guard addFile(path, asks: true, orDirectory: true) else { return Paths.parent(of: absolute) }
        addDirectory(absolute)
        return absolute
    }

    private mutating func addStandardInput() {
        do throws(FileBytes.Failure) {
            let bytes = try standardInput(Reader.Limits.bytes)
            add(Source(path: "<stdin>", bytes: bytes), in: workingDirectory)
        } catch {
            refuse(.unreadableFile("standard input", error))
        }
    }

    private mutating func addDirectory(_ directory: String) {
        let shown = shown(directory)
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            let specs = names.filter(SpecFiles.isSpec).sorted {
                $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars)
            }
            let before = sources.sources.count
            for name in specs { addFile(directory + "/" + name, asks: false, orDirectory: true) }
            if sources.sources.count == before, specs.allSatisfy({ !known.contains(ExactText(directory + "/" + $0)) }),
                isComplete
            {
                refuse(.noSpecs(in: shown, but: names.sorted().filter { Self.hasSpecs(directory + "/" + $0) }))
            }
        } catch {
            refuse(.unreadableFile(shown, .unreadable("the directory cannot be listed")))
        }
    }

    /// The subdirectories that have specs, for a directory that has none itself: each holds a stack of its own.
    package static func stacks(in path: String, workingDirectory: String) -> [String] {
        let absolute = Paths.resolve(path, in: workingDirectory)
        // A file has none; a directory that cannot be listed is reported when it is read.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: absolute)) ?? []
        guard !names.contains(where: isSpec) else { return [] }
        return names.sorted().filter { hasSpecs(absolute + "/" + $0) }.map { absolute + "/" + $0 }
    }

    /// Whether a directory has a file that is read as a spec where the directory is named.
    package static func areThere(in directory: String) -> Bool {
        // A directory that cannot be listed counts as one without a spec.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.contains { name in
            let path = directory + "/" + name
            guard isSpec(name), FileBytes.isRegular(path) else { return false }
            // What cannot be read is told when the spec is.
            return !name.hasSuffix(".json")
                || !((try? FileBytes.read(path, atMost: Reader.Limits.bytes)).map(OwnFile.isOne) ?? false)
        }
    }

    private static func isSpec(_ name: String) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    private static func hasSpecs(_ directory: String) -> Bool {
        // A file, or a directory that cannot be listed, is not suggested.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.contains(where: isSpec)
    }

    /// Reads a file, and says whether it is a directory instead.
    ///
    /// `asks` says whether the user named it, rather than its directory; `orDirectory`, whether it may be a directory;
    /// `isJoined`, whether it is a part of the spec, which is read once.
    @discardableResult
    private mutating func addFile(
        _ path: String, asks: Bool, orDirectory: Bool = false, isJoined: Bool = true
    ) -> Bool {
        let absolute = Paths.resolve(path, in: workingDirectory)
        let canonical = FileBytes.canonicalPath(absolute)
        if isJoined, let canonical, known.contains(ExactText(canonical)) { return false }
        do throws(FileBytes.Failure) {
            let bytes = try FileBytes.read(absolute, atMost: Reader.Limits.bytes)
            if !asks, absolute.hasSuffix(".json"), OwnFile.isOne(bytes) { return false }
            if isJoined { known.insert(ExactText(canonical ?? absolute)) }
            add(Source(path: shown(absolute), bytes: bytes), in: Paths.parent(of: absolute))
        } catch {
            if error == .directory, orDirectory { return true }
            refuse(.unreadableFile(asks ? path : shown(absolute), error))
        }
        return false
    }

    private func shown(_ absolute: String) -> String {
        absolute == workingDirectory ? "." : Paths.relative(absolute, to: workingDirectory)
    }

    private mutating func add(_ source: Source, in directory: String) {
        let id = sources.add(source)
        directories.append(directory)
        let reading = Reader.reading(source, id: id)
        diagnostics += reading.diagnostics
        documents += reading.documents
        if !reading.isComplete { isComplete = false }
    }

    private mutating func refuse(_ diagnostic: Diagnostic) {
        diagnostics.append(diagnostic)
        isComplete = false
    }
}

extension Diagnostic {
    fileprivate static func unreadableFile(_ path: String, _ failure: FileBytes.Failure) -> Diagnostic {
        if failure == .missing, let target = FileBytes.danglingTarget(path) {
            return Diagnostic(
                "missing-file", "File not found", detail: "`\(path)` is a link to `\(target)`, which is not there.",
                fix: "Create the file that it leads to, or correct the link.")
        }
        return switch failure {
        case .missing:
            Diagnostic(
                "missing-file", "File not found", detail: "There is no file or directory `\(path)`.",
                fix: "Correct the path; it is relative to the working directory.")
        case .directory:
            Diagnostic(
                "not-a-file", "Not a file", detail: "`\(path)` is a directory; here it must be one file.",
                fix: "Name a file in it.")
        case .tooLarge:
            Diagnostic(
                "file-too-large", "File too large",
                detail: "`\(path)` has more than 16 MiB, the most that a spec may have.",
                fix: "Split it into several files; they are joined.")
        case .tooManyOpenFiles: .tooManyOpenFiles("`\(path)` cannot be read")
        case .unreadable(let reason):
            Diagnostic(
                "unreadable-file", "File not readable", detail: "`\(path)` cannot be read: \(reason).",
                fix: "Correct the path, or its permissions.")
        }
    }

    /// - Parameter folders: The directories in it that have specs.
    fileprivate static func noSpecs(in path: String, but folders: [String]) -> Diagnostic {
        let paths = folders.prefix(8).map { path == "." ? $0 : "\(path)/\($0)" }
        let fix =
            switch paths.count {
            case 0: "Name the directory that has the specs, or a file."
            case 1: "Did you mean `\(paths[0])`?"
            case _: "Name one of its directories that have specs: \(paths.listed)."
            }
        return Diagnostic(
            "no-specs", "No specs in the directory",
            detail:
                "`\(path)` has no `*.yaml`, `*.yml` or `*.json` directly in it; its subdirectories are not searched.",
            fix: fix)
    }
}
