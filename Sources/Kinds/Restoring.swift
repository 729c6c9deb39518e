import Language
import Wire

/// Makes what takes the place of something that had to go first, since both have one id. When the server refuses it, the
/// old one is brought back: what works with it goes on working. What is cut off in between is finished by the next apply.
///
/// - Throws: What `make` throws, whatever becomes of the old one.
func replacing<Live>(_ make: () async throws -> Live, restoring restore: () async throws -> Void) async throws -> Live {
    do {
        return try await make()
    } catch let refusal where (refusal as? WireError)?.status != nil || refusal is Diagnostic {
        try? await restore()  // The refusal is what there is to tell; the next plan shows what is missing.
        throw refusal
    }
}
