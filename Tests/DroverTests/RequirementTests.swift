import FoundationEssentials
import Support
import Testing

@Suite("Requirements of a spec")
struct RequirementTests {
    @Test("A spec that requires another version is refused at its place, and nothing else is checked")
    func requirements() async throws {
        try await withTemporaryDirectory { directory in
            let (drover, file) = (DroverProgram(in: directory), URL(filePath: "\(directory)/drover.yaml"))
            let spec = "drover: v1\nstack: shop\nrequires: {drover: \">= 99\"}\nshelves: {}\n"
            try Data(spec.utf8).write(to: file)
            let refused = try await drover("validate")
            #expect(refused.code == 3 && refused.errors.contains("other-version-required"), "\(refused.errors)")
            #expect(refused.errors.contains("drover.yaml:3:20") && !refused.errors.contains("shelves"))
            try Data(spec.replacing(">= 99", with: ">= 0.1, < 99").utf8).write(to: file)
            let read = try await drover("validate")
            #expect(read.code == 3 && read.errors.contains("shelves"), "\(read.errors)")
        }
    }
}
