// Compiled into one module with `Sources/Language`, see `scripts/fuzz`.

/// A part of a spec with a field of every shape that takes text apart.
private struct Sample: SpecDecodable {
    static let noun = "a sample"
    static let text = Key("text", Reading.someText, required: true, "Text.")
    static let count = Key("count", Reading.integer(minimum: 0, maximum: 9), "A number.")
    static let secret = Key("secret", Reading<SecretSource>.secret, "A secret.")
    static let list = Key("list", Reading.list(Reading.text), "Texts.")
    static let data = Key("data", Reading.data, "Anything.")
    static var fields: [Field] { [text.field, count.field, secret.field, list.field, data.field] }

    init(from fields: inout Fields) {
        _ = fields.require(Sample.text, else: "")
        _ = fields.read(Sample.count)
        _ = fields.read(Sample.secret)
        _ = fields.read(Sample.list)
        _ = fields.read(Sample.data)
    }
}

/// Reads one input as a spec, with variables and references, decodes it, and shows what is wrong with it.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let loader = SpecLoader(environment: ["A": "1"], workingDirectory: "/") { _ in bytes }
    let loaded = loader.load(paths: ["-"], variables: VariableInputs(assignments: ["a=1"]))
    precondition(loaded.isComplete || !loaded.diagnostics.isEmpty, "What is not read to its end says why.")
    var problems = Problems()
    if let root = loaded.root { _ = Fields.decode(Sample.self, from: root, &problems) }
    let renderer = DiagnosticRenderer(sources: loaded.sources, colors: true)
    let diagnostics = (loaded.diagnostics + problems.diagnostics).prefix(3)
    for diagnostic in diagnostics {
        guard let range = diagnostic.subject else { continue }
        precondition(
            range.start <= range.end && range.start.line >= 1 && range.start.column >= 1, "A place is a place.")
    }
    precondition(diagnostics.isEmpty == renderer.render(Array(diagnostics)).isEmpty, "Each mistake is shown.")
    return 0
}
