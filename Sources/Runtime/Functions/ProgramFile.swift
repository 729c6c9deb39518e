import FoundationEssentials
import Language

/// Finds out from a program's file why the system would not start it.
package struct ProgramFile: Sendable, Hashable {
    /// What is wrong, in a sentence, and what to do about it.
    package struct Problem: Sendable, Hashable {
        package let reason: String
        package let fix: String
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// How programs begin: ELF, and Mach-O with one or several architectures.
    private static let formats: [[UInt8]] = [
        [0x7F, 0x45, 0x4C, 0x46], [0xCF, 0xFA, 0xED, 0xFE], [0xCA, 0xFE, 0xBA, 0xBE],
    ]

    private let path: String
    private let searchPath: String?

    /// - Parameters:
    ///   - path: Of a file that is executable.
    ///   - searchPath: The folders where `env` looks for interpreters, as `PATH` lists them; nil to look for none.
    package init(_ path: String, searchPath: String?) {
        self.path = path
        self.searchPath = searchPath
    }

    /// The path of the program that a command names.
    ///
    /// - Parameter directory: Where it runs, which paths are relative to.
    /// - Returns: Nil when no folder of the search path has a program of the name.
    package static func path(of name: String, in directory: String, searchPath: String) -> String? {
        if name.hasPrefix("/") { return name }
        if name.contains("/") { return "\(directory)/\(name)" }
        return searchPath.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Nil when nothing speaks against the program, or its file cannot be read.
    package var problem: Problem? {
        guard let start = beginning() else { return nil }
        if Self.formats.contains(where: { start.starts(with: $0) }) { return nil }
        guard !start.isEmpty else { return Problem(reason: "It is empty.", fix: "Write the program.") }
        guard !start.starts(with: Self.mark + Array("#!".utf8)) else {
            return Problem(
                reason: "A byte order mark stands before its `#!`, so the system does not see it.",
                fix: "Save it without a byte order mark.")
        }
        guard start.starts(with: "#!".utf8) else {
            return Problem(
                reason: "It has no interpreter line, and is no program of this system.",
                fix: "Begin it with a line such as `#!/bin/sh`.")
        }
        return interpreterProblem(start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") })
    }

    private func interpreterProblem(_ line: ArraySlice<UInt8>) -> Problem? {
        guard line.last != UInt8(ascii: "\r") else {
            return Problem(
                reason: "Its first line ends with a carriage return (CRLF), which the system takes for a part of the "
                    + "interpreter's name.",
                fix: "Save it with LF line ends.")
        }
        let words = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\t" }.map(String.init)
        guard let interpreter = words.first else {
            return Problem(reason: "Its first line names no interpreter.", fix: "Write a line such as `#!/bin/sh`.")
        }
        guard FileManager.default.isExecutableFile(atPath: interpreter) else {
            return .missingInterpreter(interpreter)
        }
        guard interpreter.hasSuffix("/env"), words.count == 2, !words[1].hasPrefix("-"), !words[1].contains("="),
            let searchPath, Self.path(of: words[1], in: "/", searchPath: searchPath) == nil
        else { return nil }
        return .missingInterpreter(words[1])
    }

    /// The first bytes, as many as the system reads for an interpreter line.
    private func beginning() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 256)
        do {
            let file = try OpenFile(path)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            return Array(bytes[..<count])
        } catch {
            // A program may be executable without being readable.
            return nil
        }
    }
}

extension ProgramFile.Problem {
    fileprivate static func missingInterpreter(_ name: String) -> ProgramFile.Problem {
        ProgramFile.Problem(
            reason: "Its first line names the interpreter `\(name)`, which is not there.",
            fix: "Install `\(name)`, or correct the line.")
    }
}
