import FoundationEssentials
import Language
import Support
import Testing

@Suite("Twelve mistakes in one spec")
struct TwelveMistakesTests {
    /// A number stands before what is wrong, `◆` behind it.
    private static let marked = """
        drover: v1
        stack: ①Helpdesk◆
        variables:
          team: {type: string, default: ②3◆}
        experiments:
          e: {③tag◆: {a: b}}
        vectorStores:
          ④Hand Book◆: {embeddingModel: m}
          handbook:
            embeddingModel: m
            chunking: {maxTokens: ⑤50◆}
            documents: [{⑥text◆: hello}]
        tools:
          search: {fileSearch: {vectorStores: [⑦handbok◆]}}
          desk: {mcp: {url: "http://localhost", token: ⑧hunter2◆}}
        agents:
          support:
            model: m
            instructions: x
            sampling: {temperature: ⑨warm◆}
            log: {experiment: ⑩f◆}
        suites:
          s:
            agent: support
            cases:
              - {name: n, input: q, timeout: ⑪30◆, expect: [{⑫contain◆: a}]}

        """

    private static let codes = [
        "bad-name", "wrong-variable-type", "unknown-field", "bad-name", "out-of-range", "field-needs-another",
        "dangling-reference", "plain-secret", "wrong-type", "dangling-reference", "wrong-type", "unknown-field",
    ]

    @Test("All twelve are told in one run, in the order of their places, each with what is underlined")
    func all() async throws {
        let (text, places) = Self.places
        #expect(places.count == 12)
        try await withTemporaryDirectory { directory in
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/spec.yaml"))
            let ended = try await DroverProgram(in: directory)("validate", "spec.yaml", "--format", "json")
            #expect(ended.code == 3)
            let told = try Value(json: ended.output.utf8).array ?? []
            #expect(told.map { $0["code"]?.string } == Self.codes.map(Optional.some))
            for (diagnostic, place) in zip(told, places) {
                let code = diagnostic["code"]?.string ?? ""
                #expect(diagnostic["start"] == place.start, "\(code)")
                #expect(diagnostic["end"] == place.end, "\(code)")
                #expect(diagnostic["fix"]?.string?.isEmpty == false, "\(code)")
            }
        }
    }

    /// The text without its marks, and the places that they stand for.
    private static var places: (String, [(start: Value, end: Value)]) {
        var plain = String.UnicodeScalarView()
        var (line, column) = (1, 1)
        var starts: [Value] = []
        var ends: [Value] = []
        for scalar in marked.unicodeScalars {
            let here: Value = ["line": .integer(line), "column": .integer(column)]
            if ("①"..."⑫").contains(scalar) {
                starts.append(here)
            } else if scalar == "◆" {
                ends.append(here)
            } else {
                plain.append(scalar)
                (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
            }
        }
        return (String(plain), zip(starts, ends).map { (start: $0, end: $1) })
    }
}
