import Language
import Synchronization

/// The documents of one store, looked for once per run: a check of the spec, the plan and the apply see the same files.
final class FoundDocuments: Sendable {
    private let found = Mutex<[Document]?>(nil)

    /// What the list stands for; later calls give what the first one found.
    func all(of specs: [DocumentSpec], in folder: SpecFolder) throws(Diagnostics) -> [Document] {
        if let documents = found.withLock({ $0 }) { return documents }
        let documents = try DocumentReader(folder: folder).documents(specs)
        found.withLock { $0 = $0 ?? documents }
        return documents
    }
}
