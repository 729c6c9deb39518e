/// JSON is read as YAML, and its mistakes are explained as mistakes of JSON.
extension SyntaxErrors {
    /// Mistakes that are the same in both, and explained well.
    private static let shared: Set<String> = [
        "unclosed-bracket", "unclosed-quote", "missing-comma", "not-utf8", "control-character", "key-too-long",
        "colon-on-next-line",
    ]

    /// The same diagnostic for a file of YAML; for one of JSON (`.json`), what is wrong with it as JSON.
    func asJSON(_ diagnostic: Diagnostic) -> Diagnostic {
        guard source.path.hasSuffix(".json") else { return diagnostic }
        var told = diagnostic
        told.detail = diagnostic.detail.replacing("in a YAML file", with: "in a JSON file")
        if diagnostic.code == "missing-comma" { told.fix = "Write what is missing; texts stand in double quotes." }
        guard !Self.shared.contains(diagnostic.code.name) else { return told }
        do throws(JSONReader.Failure) {
            _ = try source.bytes.withUnsafeBufferPointer { (bytes) throws(JSONReader.Failure) in
                try JSONReader.read(bytes)
            }
            // It is JSON, and one of the few things that cannot be read of it.
            told.summary = diagnostic.summary.replacing("Not valid YAML", with: "JSON that cannot be read")
            return told
        } catch {
            return Diagnostic(
                "syntax", "Not valid JSON", detail: error.message,
                fix: "Correct it; in JSON, keys and texts stand in double quotes, and what stands beside each other is "
                    + "separated by `,`.",
                at: word(lines.position(ofByte: error.offset)))
        }
    }
}
