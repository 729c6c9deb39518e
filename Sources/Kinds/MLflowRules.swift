import Engine
import Language
import Wire

/// The rules that MLflow applies to all its objects, checked before anything is changed (mlflow/utils/validation.py,
/// 3.5 to 3.18). Where versions differ, the most permissive one counts.
enum MLflowRules {
    /// The rules for the tags of one kind of object.
    struct Tags {
        /// The object, with its article.
        let noun: String
        let longestValue: Int
        /// Keys that drover or MLflow itself writes.
        let own: [String: Reserved]
    }

    /// Why a key is not available to users, as the end of a sentence, and what to do.
    struct Reserved {
        let reason: String
        let fix: String
    }

    static let longestKey = 250
    /// The maximum length of an experiment's name.
    static let longestName = 500
    static let longestAlias = 255
    static let longestLocation = 2_048
    /// The maximum length of a registered model's or a prompt's description: the width of a column, which SQLite does
    /// not enforce.
    static let longestDescription = 5_000

    static let experiment = Tags(
        noun: "an experiment", longestValue: 20_000,
        own: descriptionKey)
    static let dataset = Tags(
        noun: "a dataset", longestValue: 20_000,
        own: descriptionKey)
    static let registeredModel = Tags(noun: "a registered model", longestValue: 100_000, own: promptKeys)
    static let prompt = Tags(noun: "a prompt", longestValue: 100_000, own: promptKeys)
    static let version = Tags(noun: "a version", longestValue: 100_000, own: promptKeys)

    private static let descriptionKey = [
        MLflowExperiment.descriptionTag: Reserved(
            reason: "it is where MLflow keeps the `description`", fix: "Write `description` instead.")
    ]
    private static let promptKeys = Dictionary(
        uniqueKeysWithValues: [
            MLflowRegisteredModel.promptTag, MLflowModelVersion.promptTextTag, MLflowModelVersion.promptTypeTag,
        ].map { ($0, Reserved(reason: "by it MLflow tells prompts from models", fix: "Leave it out.")) })

    /// Together with digits, the characters that Python considers letters.
    private static let letters: Set<Unicode.GeneralCategory> = [
        .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
    ]

    /// Why a text cannot be the key of a tag; nil when it can.
    static func problem(withKey key: String) -> String? {
        let isAllowed = key.unicodeScalars.allSatisfy { scalar in
            letters.contains(scalar.properties.generalCategory) || scalar.properties.numericType != nil
                || "_/.- :".unicodeScalars.contains(scalar)
        }
        guard isAllowed else { return "MLflow takes letters, digits, `_`, `-`, `.`, `/`, `:` and spaces" }
        if !isUniquePath(key) { return "MLflow takes it for a path, and it is not the shortest one" }
        let length = key.unicodeScalars.count
        return length > longestKey ? "it has \(length) characters, and MLflow takes at most \(longestKey)" : nil
    }

    /// Why a text cannot name a registered model; nil when it can.
    static func problem(withModelName name: String) -> String? {
        if name.unicodeScalars.contains(where: { $0 == "/" || $0 == ":" }) { return "MLflow takes no `/` and no `:`" }
        if name.allSatisfy(\.isWhitespace) { return "it is blank" }
        if name.hasPrefix("drover.lock.") { return "drover's own locks are named so" }
        return isUniquePath(name) ? nil : "MLflow takes it for the path of a folder"
    }

    /// Whether a text can name a prompt.
    static func isPromptName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: ".") }
    }

    /// Whether a text can be an alias; `latest`, `v1` and the like are not free.
    static func isAlias(_ name: String) -> Bool {
        let lowered = name.lowercased()
        let digits = lowered.dropFirst().utf8
        let isVersion = lowered.hasPrefix("v") && !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
        return !name.isEmpty && name.utf8.allSatisfy(isPlain) && lowered != "latest" && !isVersion
    }

    private static func isPlain(_ letter: UInt8) -> Bool {
        switch letter {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Why a text cannot name an experiment; nil when it can.
    static func problem(withExperimentName name: String) -> String? {
        if isOwnRecord(name) { return "drover's own records are named so" }
        let length = name.unicodeScalars.count
        return length > longestName ? "it has \(length) characters, and MLflow takes at most \(longestName)" : nil
    }

    /// Whether an experiment with this name is the record of a stack.
    static func isOwnRecord(_ name: String) -> Bool {
        name.hasPrefix("drover/")
    }

    /// Why a text cannot be the artifact location of an experiment; nil when it can.
    static func problem(withLocation location: String) -> String? {
        if location.hasPrefix("runs:") { return "MLflow takes no address of a run" }
        if location.unicodeScalars.contains("#") { return "MLflow takes no `#`" }
        let length = location.unicodeScalars.count
        return length > longestLocation
            ? "it has \(length) characters, and MLflow takes at most \(longestLocation)" : nil
    }

    /// Whether a path is in its shortest form and does not leave its root.
    private static func isUniquePath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return !path.hasPrefix("..") && !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }
    }
}

extension MLflowServer {
    /// The maximum length of the value of an experiment's tag before MLflow 3.16.
    private static let longestOldValue = 5_000

    /// Checks that this server takes texts as long as later ones do; it is asked only when a text is that long.
    /// - Throws: `Diagnostic` (`lacking`) where it does not.
    func requireRoom(for spec: ExperimentSpec) async throws {
        var texts = spec.tags.sorted { $0.key < $1.key }.map { (what: "The value of the tag `\($0)`", text: $1) }
        if let description = spec.common.description { texts.append(("The `description`", description)) }
        let long = texts.first { $0.text.unicodeScalars.count > Self.longestOldValue }
        guard let long, let version = try await versionIfTold() else { return }
        let parts = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
        guard parts.lexicographicallyPrecedes([3, 16]) else { return }
        throw Diagnostic.noRoom(long.what, long.text.unicodeScalars.count, Self.longestOldValue, version)
    }

    /// The server's version; nil where a proxy denies access to it.
    private func versionIfTold() async throws -> String? {
        do {
            return try await version()
        } catch let error as WireError where error.status == 401 || error.status == 403 {
            return nil
        }
    }
}

extension Reading where Value == [Entry<String>] {
    /// Tags of an object of MLflow.
    static func tags(of rules: MLflowRules.Tags) -> Reading {
        Reading.tags.map { entries, _, problems in
            for entry in entries where !entry.key.isEmpty {
                if let reserved = rules.own[entry.key] {
                    problems.report(.ownTag(entry.key, reserved, entry.keyRange))
                } else if let problem = MLflowRules.problem(withKey: entry.key) {
                    problems.report(.badTagKey(entry.key, problem, entry.keyRange))
                }
                let length = entry.value.unicodeScalars.count
                guard length > rules.longestValue else { continue }
                problems.report(.longTag(entry, length, rules))
            }
            return entries
        }
    }
}

extension Fields {
    /// Checks the live name of a declaration, when the spec gives one.
    mutating func checkName(_ common: Common, of noun: String, _ problem: (String) -> String?) {
        guard let name = common.name, let problem = problem(name) else { return }
        problems.report(.unusableName(name, of: noun, problem, at: range(of: Common.nameKey.field.name)))
    }

    /// Checks the description of an experiment or a dataset, which MLflow stores as a tag.
    mutating func checkDescription(_ common: Common, of rules: MLflowRules.Tags) {
        guard let length = common.description?.unicodeScalars.count, length > rules.longestValue else { return }
        problems.report(
            .longDescription(
                "It has \(length) characters, and MLflow takes at most \(rules.longestValue) of \(rules.noun).",
                .error, at: range(of: Common.descriptionKey.field.name)))
    }

    /// Checks the description of a registered model or a prompt, which MLflow stores in a column.
    mutating func checkDescription(_ common: Common) {
        let limit = MLflowRules.longestDescription
        guard let length = common.description?.unicodeScalars.count, length > limit else { return }
        problems.report(
            .longDescription(
                "It has \(length) characters. MLflow has room for \(limit), and refuses more on every database but "
                    + "SQLite.", .warning, at: range(of: Common.descriptionKey.field.name)))
    }
}

extension Diagnostic {
    fileprivate static func ownTag(
        _ key: String, _ reserved: MLflowRules.Reserved, _ range: SourceRange
    ) -> Diagnostic {
        Diagnostic(
            "reserved-tag", "A tag that is not free", detail: "`\(key)` cannot be declared: \(reserved.reason).",
            fix: reserved.fix, at: range)
    }

    fileprivate static func badTagKey(_ key: String, _ problem: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "bad-tag-key", "Unusable key of a tag",
            detail: "`\(shortened(key))` cannot be the key of a tag: \(problem).", fix: "Use another key.", at: range)
    }

    fileprivate static func longTag(_ entry: Entry<String>, _ length: Int, _ rules: MLflowRules.Tags) -> Diagnostic {
        Diagnostic(
            "long-tag", "Tag too long",
            detail: "The value of `\(entry.key)` has \(length) characters, and MLflow takes at most "
                + "\(rules.longestValue) for a tag of \(rules.noun).",
            fix: "Shorten it.", at: entry.keyRange)
    }

    fileprivate static func noRoom(_ what: String, _ length: Int, _ limit: Int, _ version: String) -> Diagnostic {
        Diagnostic(
            "no-room", "Too long for this server",
            detail: "\(what) has \(length) characters, and MLflow \(version) takes at most \(limit) for an experiment; "
                + "since 3.16 it takes 20,000.", fix: "Shorten it, or upgrade the server.", cause: .lacking)
    }

    fileprivate static func unusableName(
        _ name: String, of noun: String, _ problem: String, at range: SourceRange?
    ) -> Diagnostic {
        Diagnostic(
            "bad-name", "Unusable name", detail: "`\(shortened(name))` cannot name \(noun): \(problem).",
            fix: "Choose another name.", at: range)
    }

    fileprivate static func longDescription(
        _ detail: String, _ severity: Severity, at range: SourceRange?
    ) -> Diagnostic {
        var diagnostic = Diagnostic(
            "long-description", "Description too long", detail: detail, fix: "Shorten it.", at: range)
        diagnostic.severity = severity
        return diagnostic
    }
}

extension Diagnostic {
    /// - Parameter noun: Of the object's kind, in the singular.
    static func ownBookkeeping(_ noun: String, _ name: String) -> Diagnostic {
        Diagnostic(
            "own-bookkeeping", "An object that drover itself needs",
            detail: "The \(noun) `\(name)` is a stack's record or lock, and no part of a stack.",
            fix: "Import another one.", cause: .conflict)
    }
}
