import Engine
import FoundationEssentials
import Language

/// The files that hold what an apply left.
enum RemainsPart: String, CaseIterable {
    case spec = "spec.yaml"
    case plan = "plan.json"
    case results = "results.json"
    case applied = "applied.json"
    /// Which files the spec named, and which of them are kept.
    case files = "files.json"
}

extension RunRemains {
    /// A file with its content.
    struct Part: Sendable {
        let name: String
        let bytes: [UInt8]

        /// Whether it says the same as no file.
        var isNothing: Bool {
            name == RemainsPart.files.rawValue && bytes == Array("[]\n".utf8)
        }
    }

    /// The files with their contents; the spec is the last one, so that what was cut off has none.
    func parts() throws -> [Part] {
        func json(_ value: Value) -> [UInt8] { Array((value.prettyJSON + "\n").utf8) }
        return [
            Part(name: RemainsPart.plan.rawValue, bytes: json(plan)),
            Part(name: RemainsPart.results.rawValue, bytes: json(results)),
            Part(name: RemainsPart.applied.rawValue, bytes: json(try Value(encoding: applied))),
            Part(name: RemainsPart.files.rawValue, bytes: json(try Value(encoding: files))),
            Part(name: RemainsPart.spec.rawValue, bytes: Array("\(Self.sum(of: spec))\n\(spec)".utf8)),
        ]
    }

    private static let sumPrefix = "# sha256 of what follows: "

    /// The first line of a kept spec, by which one that was cut off or edited is told.
    private static func sum(of spec: String) -> String {
        sumPrefix + sha256Hex(spec.utf8)
    }

    /// The spec of a file; nil when it is not as it was written. Older files have no such line.
    private static func whole(_ file: [UInt8]) -> String? {
        let text = String(decoding: file, as: UTF8.self)
        guard text.hasPrefix(sumPrefix) else { return text }
        guard let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let spec = String(text[text.utf8.index(after: end)...])
        return sum(of: spec) == text[..<end] ? spec : nil
    }

    /// Reads the files; nil when there is no spec, or not the one that was written.
    /// - Throws: `Diagnostic` when one of them is something else; what `read` throws.
    init?(at place: String, _ read: (String) throws -> [UInt8]?) throws {
        try self.init(
            at: place,
            parts: RemainsPart.allCases.reduce(into: [:]) { parts, part in
                parts[part] = try read(part.rawValue)
            })
    }

    init?(at place: String, parts: [RemainsPart: [UInt8]]) throws {
        guard let spec = parts[.spec].flatMap(Self.whole) else { return nil }
        do {
            func value(_ part: RemainsPart) throws -> Value? { try parts[part].map { try Value(json: $0) } }
            self.init(
                spec: spec, plan: try value(.plan) ?? .null,
                results: try value(.results) ?? .null, applied: try value(.applied)?.decoded() ?? [:],
                files: try value(.files)?.decoded() ?? [])
        } catch {
            throw Diagnostic.recordUnreadable(place)
        }
    }

    /// Says of files with a content that it is not kept: they had changed before that could be done.
    mutating func forget(_ sha256: String) {
        for index in files.indices where files[index].sha256 == sha256 { files[index].isKept = false }
    }
}

extension FileSource {
    /// The content, if it still has its digest.
    func bytes(of sha256: String) -> [UInt8]? {
        switch self {
        case .bytes(let bytes): return bytes
        case .file(let path):
            // A document that is gone, or was edited meanwhile, is not kept.
            guard let bytes = try? FileBytes.read(path, atMost: 256 << 20), sha256Hex(bytes) == sha256 else {
                return nil
            }
            return bytes
        }
    }
}

extension Diagnostic {
    /// What an apply left may not be read.
    static func remainsDenied(_ place: String) -> Diagnostic {
        Diagnostic(
            "no-artifact-access", "What an apply left may not be read", detail: "`\(place)` cannot be read.",
            fix: "Ask for the right to read it.", cause: .lacking)
    }
}
