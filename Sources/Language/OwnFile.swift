/// A file that drover itself writes, and that may stand beside a spec: the record of a stack, a plan, a report.
enum OwnFile {
    /// What begins such a file, without white space; most files are none, and are not read any further.
    private static let hints = [#""entries":"#, #""format":"drover-"#, #""schema":"drover."#, #""changed":"#]

    /// Whether a JSON file that was found in a directory is no spec, but one of these.
    static func isOne(_ bytes: [UInt8]) -> Bool {
        let start = bytes.prefix(4096).filter { !" \n\r\t".utf8.contains($0) }
        let text = String(decoding: start, as: UTF8.self)
        guard text.hasPrefix("{"), hints.contains(where: { text.contains($0) }),
            let value = try? Value(json: bytes)  // What is no JSON is for the reader of specs to judge.
        else { return false }
        if ["format", "schema"].contains(where: { key in
            ["drover-", "drover."].contains { value[key]?.string?.hasPrefix($0) ?? false }
        }) {
            return true
        }
        if isPrintedPlan({ value[$0] != nil }) { return true }
        return value["entries"]?.object != nil && value["intents"]?.object != nil && value["history"]?.array != nil
    }

    /// Whether a document is a plan that was printed as JSON, by the keys that it has.
    static func isPrintedPlan(_ hasKey: (String) -> Bool) -> Bool {
        ["changed", "changes", "summary", "servers"].allSatisfy(hasKey)
    }
}
