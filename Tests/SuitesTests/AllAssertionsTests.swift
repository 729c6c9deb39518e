import Foundation
import Language
import Testing

@testable import Suites

@Suite("The list of assertions")
struct AllAssertionsTests {
    @Test("Every file in Assertions/ is listed in All.swift")
    func everyFileIsListed() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let folder = tests.appending(path: "../../Sources/Suites/Assertions").standardizedFileURL
        let list = try String(contentsOf: folder.appending(path: "All.swift"), encoding: .utf8)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let types = files.filter { $0.hasSuffix(".swift") && $0 != "All.swift" }.map { String($0.dropLast(6)) }
        #expect(types.count == allAssertions.count)
        for type in types.sorted() {
            #expect(
                list.contains("    \(type).self,\n"),
                "Add the line `    \(type).self,` to Sources/Suites/Assertions/All.swift.")
        }
    }

    @Test("No two assertions have one name")
    func namesAreUnique() {
        let names = allAssertions.map { $0.field.name }
        #expect(Set(names).count == names.count)
    }
}
