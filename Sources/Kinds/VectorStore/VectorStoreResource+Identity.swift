package import Engine
import Language

extension VectorStoreResource {
    /// What a search in it can find: its documents and how they are cut and embedded.
    package func identity(of desired: Desired) -> AppliedFields {
        var fields: AppliedFields = ["embeddingModel": .string(desired.embeddingModel)]
        fields["embeddingDimension"] = desired.embeddingDimension.map { .integer($0) }
        fields["provider"] = desired.provider.map { .string($0) }
        fields["chunking"] = desired.chunking.identity
        for document in desired.documents {
            // The mark begins with the name of the stack.
            let mark = desired.marks[document.path]?.split(separator: ":").last
            fields["documents.\(document.path)"] = mark.map { .string(String($0)) }
        }
        return fields
    }
}
