import Language

/// The message in the body of an error response, in all formats of Llama Stack, OGX and MLflow.
///
/// In this order: `error.message`, `error.detail.errors[]`, `error.detail`, `detail` (text, or FastAPI's list),
/// MLflow's `error_code` and `message` (or the exception in its `stack_trace`), an `error` that is text; else the body
/// itself, or the title or the text of a web page.
struct ServerMessage {
    /// MLflow's `error_code`, or the `code` beside a message.
    let code: String?
    /// One line or a few, at most 2,000 characters; empty when the server said nothing.
    let text: String

    private static let limit = 2_000

    init(_ response: HTTPResponse) {
        let text = String(decoding: response.body.prefix(262_144), as: UTF8.self)
        if let value = try? Value(json: response.body), value.object != nil {  // Text is not JSON: no error.
            self.init(value)
        } else if Self.isHTML(response) {
            self.init(code: nil, text: Self.words(ofPage: text))
        } else {
            self.init(code: nil, text: text)
        }
    }

    /// The message in a JSON body or in an error frame of a stream.
    init(_ body: Value) {
        let error = body["error"]
        let text =
            error?["message"]?.string ?? Self.validation(error?["detail"]) ?? Self.validation(body["detail"])
            ?? body["message"]?.string ?? error?.string
        let code = body["error_code"] ?? error?["code"] ?? body["code"]
        let reason = body["stack_trace"]?.string.flatMap(Self.reason(inTrace:))
        self.init(
            code: code.flatMap { $0 == .null ? nil : $0.interpolated }, text: reason ?? text ?? body.canonicalJSON)
    }

    private init(code: String?, text: String) {
        let trimmed = Self.validation(asPython: text) ?? PlainReason.told(text).trimmed
        self.code = code
        self.text = trimmed.count <= Self.limit ? trimmed : trimmed.prefix(Self.limit - 1) + "…"
    }

    /// The exception's message after the last frame of a Python traceback: a served model explains its failure only
    /// there.
    static func reason(inTrace trace: String) -> String? {
        let lines = trace.split(separator: "\n")
        guard let last = lines.lastIndex(where: { $0.hasPrefix("  File ") }) else { return nil }
        let raised = lines[last...].dropFirst().drop { $0.hasPrefix("    ") }.map(\.trimmed).joined(separator: " ")
        guard let colon = raised.firstRange(of: ": "), !raised[..<colon.lowerBound].contains(" ") else { return raised }
        return String(raised[colon.upperBound...])
    }

    static func isHTML(_ response: HTTPResponse) -> Bool {
        if response.header("content-type")?.lowercased().contains("html") == true { return true }
        let start = String(decoding: response.body.prefix(64), as: UTF8.self).trimmed.lowercased()
        return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
    }

    private static func validation(_ detail: Value?) -> String? {
        if let text = detail?.string { return text }
        guard let errors = (detail?["errors"] ?? detail)?.array, !errors.isEmpty else { return nil }
        return errors.map { error in
            let place = error["loc"]?.array?.dropFirst().map(\.interpolated).joined(separator: ".") ?? ""
            let message = error["msg"]?.string ?? error.canonicalJSON
            return place.isEmpty ? message : "`\(place)`: \(message)"
        }.joined(separator: "; ")
    }

    /// Since 0.7 a validation error is reported in Python's notation:
    ///
    ///     {'errors': [{'loc': ['body', 'model'], 'msg': 'Field required', 'type': 'missing'}]}
    private static func validation(asPython text: String) -> String? {
        guard text.hasPrefix("{'errors': [") else { return nil }
        let errors = text.matches(of: /'loc': \[(?<place>[^\]]*)\], 'msg': (?:'(?<single>[^']*)'|"(?<double>[^"]*)")/)
        guard !errors.isEmpty else { return nil }
        return errors.map { error in
            let place = error.place.split(separator: ", ").dropFirst().map { $0.filter { $0 != "'" } }
            return "`\(place.joined(separator: "."))`: \(error.single ?? error.double ?? "")"
        }.joined(separator: "; ")
    }

    static func words(ofPage page: String) -> String {
        if let open = page.range(ofTag: "<title"), let close = page[open.upperBound...].range(ofTag: "</title") {
            let title = page[open.upperBound..<close.lowerBound].drop { $0 != ">" }.dropFirst()
            if !title.allSatisfy(\.isWhitespace) { return String(title).trimmed }
        }
        var words = ""
        var isInTag = false
        for character in page {
            switch character {
            case "<": isInTag = true
            case ">": (isInTag, words) = (false, words + " ")
            case _: if !isInTag { words.append(character) }
            }
        }
        return words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension StringProtocol {
    /// Without white space at either end.
    fileprivate var trimmed: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }),
            let end = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[start...end])
    }

    /// The first occurrence of a tag, ignoring case.
    fileprivate func range(ofTag tag: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            let candidate = self[start...].prefix(tag.count)
            if candidate.lowercased() == tag { return candidate.startIndex..<candidate.endIndex }
            start = index(after: start)
        }
        return nil
    }
}
