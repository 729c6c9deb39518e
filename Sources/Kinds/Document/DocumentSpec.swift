package import Language
import Wire

/// A document of a vector store: a glob, a file, a text, or a download that is pinned by its digest.
///
///     documents:
///       - docs/**/*.md
///       - {path: faq.pdf, attributes: {lang: en}}
///       - {url: https://example.org/terms.txt, sha256: 4f0c…}
///       - {text: We are closed on Sundays., name: hours.txt}
package enum DocumentSpec: Sendable {
    case glob(Located<String>)
    case fields(DocumentFields)

    static let reading = Reading<DocumentSpec>.either(
        [
            Reading<Located<String>>.path.map { text, _, _ in .glob(text) },
            Reading<DocumentFields>.object().map { fields, _, _ in .fields(fields) },
        ], expected: "a path, a glob, or a map with `path`, `url` or `text`")
}

/// A document in the form of a map.
package struct DocumentFields: SpecDecodable {
    package static let noun = "a document"
    private static let pathKey = Key<Located<String>>(
        "path", .path, example: "faq.pdf", "A file, relative to the spec.")
    private static let urlKey = Key<Located<String>>(
        "url", .located(.someText).shaped(.text(pattern: WebAddress.pattern)),
        example: "https://example.org/terms.txt", "A download.")
    private static let digestKey = Key<Located<String>>(
        "sha256", .located(.someText).shaped(.text(pattern: "^[0-9a-fA-F]{64}$")),
        example: "4f0c…", "The SHA-256 of the download, in hexadecimal digits.")
    private static let textKey = Key<Located<String>>("text", .located(.someText), "The text itself.")
    private static let nameKey = Key<String>(
        "name", .someText, example: "hours.txt",
        "What answers cite it by: by default the path, or the last part of the address; a `text` needs one.")
    private static let attributesKey = Key<[Entry<String>]>(
        "attributes", .attributes, "Attributes for filters; servers show them to the model with every passage.")
    package static let fields = [
        pathKey.field, urlKey.field, digestKey.field, textKey.field, nameKey.field, attributesKey.field,
    ]
    package static let rules = [
        FieldRule.exactlyOne(["path", "url", "text"]),
        .needs("url", "sha256", because: "Nobody could tell whether the download changed."),
        .needs("sha256", "url", because: "Only downloads are pinned."),
        .needs("text", "name", because: "Answers cite a document by its name."),
    ]

    let path: Located<String>?
    let url: Located<String>?
    let digest: Located<String>?
    let text: Located<String>?
    let name: String?
    let attributes: [String: String]

    package init(from fields: inout Fields) {
        path = fields.read(Self.pathKey)
        url = fields.read(Self.urlKey)
        digest = fields.read(Self.digestKey)
        text = fields.read(Self.textKey)
        name = fields.read(Self.nameKey)
        attributes = (fields.read(Self.attributesKey) ?? []).dictionary
        if let url { WebAddress.check(url, &fields.problems) }
        if let digest, digest.value.count != 64 || !digest.value.allSatisfy(\.isHexDigit) {
            fields.problems.report(.badDigest(digest))
        }
    }
}

extension Reading where Value == [Entry<String>] {
    /// Attributes of a document: one is reserved for drover.
    fileprivate static var attributes: Reading {
        Reading.map(.text).map { entries, _, problems in
            for entry in entries where entry.key == LiveStore.markKey {
                problems.report(.reservedAttribute(entry.keyRange))
            }
            return entries
        }
    }
}

extension Diagnostic {
    fileprivate static func reservedAttribute(_ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "reserved-attribute", "An attribute that is drover's own",
            detail: "`\(LiveStore.markKey)` cannot be declared: by this attribute drover finds its documents again.",
            fix: "Use another key.", at: range)
    }

    fileprivate static func badDigest(_ digest: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-digest", "Unreadable digest", detail: "`\(digest.value)` is not a SHA-256: 64 hexadecimal digits.",
            fix: "Write what `sha256sum` prints.", at: digest.range)
    }
}
