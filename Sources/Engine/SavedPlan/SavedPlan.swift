package import Language

/// A plan in a file, to be reviewed and then applied exactly. Its schema is `schemas/plan.schema.json`.
///
///     {"format": "drover-plan", "version": 2, "drover": "0.3.0", "stack": "quickstart", "destroys": false,
///      "inputs": {…}, "steps": [{"address": "agents.support", "action": "update", "fields": […], "fingerprint": "…"}],
///      "digest": "…"}
///
/// The digest is of everything else. It detects accidents, not forgery.
package struct SavedPlan: Sendable {
    package static let format = "drover-plan"
    package static let version = 2

    /// The version of drover that made it.
    package var drover: String
    package var stack: String
    /// Whether it removes the stack.
    package var destroys: Bool
    package var inputs: Inputs
    package var plan: Plan
    package var endangered: [EndangeredSuite]
    /// What was warned of.
    package var warnings: [String]

    package init(
        _ plan: Plan, drover: String, destroys: Bool, inputs: Inputs, endangered: [EndangeredSuite]
    ) {
        self.drover = drover
        self.destroys = destroys
        self.inputs = inputs
        self.plan = plan
        self.endangered = endangered
        stack = plan.stack.name
        warnings = plan.warnings.map(\.detail)
    }

    /// The file's content.
    package var json: String {
        get throws {
            var value = try Value(encoding: Content(self))
            value = value.setting("digest", to: .string(Self.digest(of: value)))
            return value.prettyJSON + "\n"
        }
    }

    /// Whether a file's content looks like a saved plan, whole or not: keys are sorted in it, so that one that was cut
    /// off begins with `destroys`.
    package static func isPlan(_ bytes: some Collection<UInt8>) -> Bool {
        let start = bytes.prefix(4096).filter { !" \n\r\t".utf8.contains($0) }
        let text = String(decoding: start, as: UTF8.self)
        return text.hasPrefix(#"{"destroys":"#) || text.hasPrefix("{") && text.contains(#""format":"drover-plan""#)
    }

    /// Reads a file's content.
    /// - Throws: `Diagnostic` when it is damaged, was edited, or is of a newer version.
    package init(_ bytes: [UInt8], path: String) throws(Diagnostic) {
        guard let value = try? Value(json: bytes), let object = value.object, object["format"] == .string(Self.format)
        else { throw .damagedPlan(path, "It is no whole JSON document, or no plan.") }
        guard let version = object["version"]?.integer else { throw .damagedPlan(path, "Its version is missing.") }
        guard version <= Self.version else { throw .newerPlan(path, version) }
        guard version == Self.version else { throw .olderPlan(path, version) }
        let rest = value.setting("digest", to: nil)
        guard object["digest"] == .string(Self.digest(of: rest)) else {
            throw .damagedPlan(path, "Its digest is not that of its content: it was changed after it was written.")
        }
        guard let content = try? rest.decoded(as: Content.self) else {
            throw .damagedPlan(path, "It is not what drover writes.")
        }
        self = content.plan
    }

    private static func digest(of value: Value) -> String {
        sha256Hex(Array(value.canonicalJSON.utf8))
    }
}

extension Value {
    /// The object with another value at a key, or without it; any other value as it is.
    fileprivate func setting(_ key: String, to value: Value?) -> Value {
        guard var object else { return self }
        object[key] = value
        return .object(object)
    }
}

extension Diagnostic {
    fileprivate static func damagedPlan(_ path: String, _ why: String) -> Diagnostic {
        Diagnostic(
            "damaged-plan", "A saved plan that cannot be used", detail: "`\(path)` is damaged or was edited. \(why)",
            fix: "Plan again, and apply what that writes.", cause: .usage)
    }

    fileprivate static func olderPlan(_ path: String, _ version: Int) -> Diagnostic {
        Diagnostic(
            "older-plan", "A saved plan of an older version",
            detail: "`\(path)` has the format \(version), and this drover reads the format \(SavedPlan.version).",
            fix: "Plan again, and apply what that writes.", cause: .usage)
    }

    fileprivate static func newerPlan(_ path: String, _ version: Int) -> Diagnostic {
        Diagnostic(
            "newer-plan", "A saved plan of a newer version",
            detail: "`\(path)` has the format \(version), and this drover reads the format \(SavedPlan.version).",
            fix: "Use the drover that made it, or plan again with this one.", cause: .usage)
    }
}
