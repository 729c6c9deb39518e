package import Language

/// What the record keeps of each apply.
///
///     record: {keepDocuments: true}
package struct RecordSpec: SpecDecodable {
    package static let noun = "a record setting"
    package static let key = Key<RecordSpec>(
        "record", .object(), example: "{keepDocuments: true}", "What the record of the stack keeps of each apply.")
    private static let documentsKey = Key<Bool>(
        "keepDocuments", .boolean, default: "false",
        "Keeps documents too, so that a rollback finds them; other text files are kept up to 1 MiB in any case.")
    package static let fields = [documentsKey.field]

    package let keepsDocuments: Bool

    package init(from fields: inout Fields) {
        keepsDocuments = fields.read(Self.documentsKey) ?? false
    }
}
