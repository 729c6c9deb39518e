import FoundationEssentials
import Language
import Testing

/// Compares what `Reader` reads with what Python's `json` reads; `JSON/generate.py` writes the documents.
@Suite("JSON")
struct JSONConformanceTests {
    private struct Document {
        var text: String
        var value: Value
        /// The code of the refusal; nil where the document must be read.
        var code: String?
    }

    private func documents() throws -> [Document] {
        let path = Paths.parent(of: #filePath) + "/JSON/documents.jsonl"
        let lines = try FileBytes.read(path, atMost: 16 << 20).split(separator: UInt8(ascii: "\n"))
        return try lines.map { line in
            let fields = try #require(try Value(json: line).array)
            return Document(
                text: try #require(fields[0].string), value: fields[1], code: fields.count > 2 ? fields[2].string : nil)
        }
    }

    @Test("Every document reads as Python reads it, or has its documented refusal")
    func documentsAgree() throws {
        let documents = try documents()
        #expect(documents.count { $0.code == nil } > 600)
        #expect(documents.count { $0.code != nil } > 15)
        for document in documents {
            let reading = reading(document.text)
            let shown = document.text.prefix(300)
            if let code = document.code {
                #expect(reading.diagnostics.map(\.code.name).first == code, "\(shown)")
            } else {
                #expect(reading.diagnostics.isEmpty, "\(shown)")
                #expect(reading.documents.count == 1, "\(shown)")
                #expect(reading.documents.first?.value.isSame(as: document.value) == true, "\(shown)")
            }
        }
    }
}
