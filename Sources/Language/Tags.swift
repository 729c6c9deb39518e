import CYAML

/// The tags of YAML's core schema; every other tag is an error.
enum Tag: String {
    case string = "tag:yaml.org,2002:str"
    case null = "tag:yaml.org,2002:null"
    case bool = "tag:yaml.org,2002:bool"
    case integer = "tag:yaml.org,2002:int"
    case number = "tag:yaml.org,2002:float"
    case list = "tag:yaml.org,2002:seq"
    case map = "tag:yaml.org,2002:map"

    /// The node that a tag is on.
    enum Bearer {
        case scalar, list, map
    }

    /// How the tag is written.
    var spelling: String {
        "!!" + rawValue.dropFirst("tag:yaml.org,2002:".count)
    }

    func fits(_ bearer: Bearer) -> Bool {
        switch self {
        case .string, .null, .bool, .integer, .number: bearer == .scalar
        case .list: bearer == .list
        case .map: bearer == .map
        }
    }
}

extension Composer {
    /// The tag of a node; nil when there is none, or when it is not allowed (and reported).
    mutating func tag(_ pointer: UnsafePointer<UInt8>?, of bearer: Tag.Bearer, at range: SourceRange) -> Tag? {
        guard let pointer else { return nil }
        let text = String(cString: pointer)
        guard text != "!" else { return nil }
        guard let tag = Tag(rawValue: text) else {
            diagnostics.append(.customTag(text, at: range))
            return nil
        }
        guard tag.fits(bearer) else {
            diagnostics.append(.unfitTag(tag, at: range))
            return nil
        }
        return tag
    }

    /// The value of a scalar with an explicit tag; a text that the tag does not allow is reported.
    mutating func tagged(_ tag: Tag, _ text: UnsafeBufferPointer<UInt8>, at range: SourceRange) -> Scalars.Meaning {
        let meaning = Scalars.meaning(of: text)
        switch (tag, meaning) {
        case (.string, _), (.list, _), (.map, _): return .string
        case (.null, .null), (.bool, .bool), (.integer, .integer), (.integer, .bigInteger): return meaning
        case (.number, .number): return meaning
        case (.integer, .integerOutOfRange), (.number, .numberOutOfRange): return meaning
        case (.number, .integer(let value)): return .number(Double(value))
        case (.number, .bigInteger(let digits)): return Double(digits).map(Scalars.Meaning.number) ?? .numberOutOfRange
        case (.null, _), (.bool, _), (.integer, _), (.number, _):
            diagnostics.append(.unfitTag(tag, at: range))
            return .null
        }
    }
}

extension Diagnostic {
    fileprivate static func customTag(_ tag: String, at range: SourceRange) -> Diagnostic {
        let spelling = tag.hasPrefix("tag:yaml.org,2002:") ? "!!" + tag.dropFirst("tag:yaml.org,2002:".count) : tag
        return Diagnostic(
            "custom-tag", "Unknown tag",
            detail: "`\(spelling)` is not a tag of YAML's core schema, and a spec has no tags of its own.",
            fix: "Remove the tag.", at: range)
    }

    fileprivate static func unfitTag(_ tag: Tag, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "unfit-tag", "Tag does not fit", detail: "The value is not what the tag `\(tag.spelling)` says.",
            fix: "Remove the tag, or write a value of its type.", at: range)
    }
}
