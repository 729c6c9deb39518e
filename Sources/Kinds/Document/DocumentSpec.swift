package import Language

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
            Reading<Located<String>>.located(.someText).map { text, _, _ in .glob(text) },
            Reading<DocumentFields>.object().map { fields, _, _ in .fields(fields) },
        ], expected: "a path, a glob, or a map with `path`, `url` or `text`")
}

/// A document that is a map.
package struct DocumentFields: SpecDecodable {
    package static let noun = "a document"
    private static let pathKey = Key<Located<String>>("path", .located(.someText), "A file, relative to the spec.")
    private static let urlKey = Key<Located<String>>("url", .located(.someText), "A download.")
    private static let digestKey = Key<Located<String>>(
        "sha256", .located(.someText), "The SHA-256 of the download, in hexadecimal digits.")
    private static let textKey = Key<Located<String>>("text", .located(.someText), "The text itself.")
    private static let nameKey = Key<String>("name", .someText, "The document's name, for `text`.")
    private static let attributesKey = Key<[Entry<String>]>(
        "attributes", .map(.text), "Attributes for filters; servers show them to the model with every passage.")
    package static let fields = [
        pathKey.field, urlKey.field, digestKey.field, textKey.field, nameKey.field, attributesKey.field,
    ]
    package static let exactlyOne = [["path", "url", "text"]]

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
        if let url, digest == nil { fields.problems.report(.unpinned(url)) }
        if let digest, digest.value.count != 64 || !digest.value.allSatisfy(\.isHexDigit) {
            fields.problems.report(.badDigest(digest))
        }
        if let text, name == nil { fields.problems.report(.namelessText(text)) }
    }
}

extension Diagnostic {
    fileprivate static func unpinned(_ url: Located<String>) -> Diagnostic {
        Diagnostic(
            "unpinned-download", "Download without a digest",
            detail: "`\(url.value)` has no `sha256`, so nobody could tell whether it changed.",
            fix: "Add `sha256:` with the digest of what you want to be there.", at: url.range)
    }

    fileprivate static func badDigest(_ digest: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-digest", "Unreadable digest", detail: "`\(digest.value)` is not a SHA-256: 64 hexadecimal digits.",
            fix: "Write what `sha256sum` prints.", at: digest.range)
    }

    fileprivate static func namelessText(_ text: Located<String>) -> Diagnostic {
        Diagnostic(
            "nameless-text", "Text without a name",
            detail: "A document that is given as text needs a `name`, which answers then cite.",
            fix: "Add `name: …`.", at: text.range)
    }
}
