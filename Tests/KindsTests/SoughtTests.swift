import Engine
import Language
import Testing

@testable import Kinds

@Suite("Documents that are searched for")
struct SoughtTests {
    @Test("Documents with one content are twins, of which many are told apart in one pass", .timeLimit(.minutes(1)))
    func twins() {
        let place = SourceRange(
            source: SourceID(index: 0), start: SourcePosition(line: 1, column: 1),
            end: SourcePosition(line: 1, column: 2))
        let documents = (0..<20_000).map { number in
            Document(
                path: "docs/\(number).md", sha256: "\(number / 2)", attributes: [:], content: .text("\(number / 2)"),
                range: place)
        }
        let sought = Sought(documents, in: StackName("shop"), chunking: .auto)
        #expect(
            sought.documents.keys.allSatisfy { sought.twins(of: $0).count == 2 && sought.twins(of: $0).contains($0) })
        #expect(sought.twins(of: "unknown") == ["unknown"])
    }
}
