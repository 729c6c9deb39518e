import Language
import Wire

/// Creates an object that replaces another one with the same id, which had to be deleted first. When the server rejects
/// it, the old one is restored, so that what uses it goes on working. After an interruption in between, the next apply
/// finishes.
///
/// - Throws: What `make` throws, whether the old one could be restored or not.
func replacing<Live>(_ make: () async throws -> Live, restoring restore: () async throws -> Void) async throws -> Live {
    do {
        return try await make()
    } catch let refusal where (refusal as? WireError)?.status != nil || refusal is Diagnostic {
        try? await restore()  // The rejection is reported; the next plan shows what is missing.
        throw refusal
    }
}
