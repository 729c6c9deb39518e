import Language
import Wire

extension OGXState {
    private static let purposes = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]

    mutating func files(_ exchange: FakeExchange, _ rest: [String]) -> FakeReply {
        switch (exchange.method, rest.count) {
        case (.get, 0): return Self.page(files.map { .object($0.file.value) }, exchange, atMost: 10_000)
        case (.post, 0): return upload(exchange)
        case (_, 0): return .detail(405, "Method Not Allowed")
        case _: break
        }
        let id = rest[0]
        guard Self.isFileID(id) || !version.tellsErrorsInMessage else {
            return .error(400, Self.badFileID(id))
        }
        guard let index = files.firstIndex(where: { $0.id == id }) else {
            return .error(404, "File '\(id)' not found. Use 'client.files.list()' to list available Files.")
        }
        switch (exchange.method, rest.dropFirst().first) {
        case (.get, nil): return .json(.object(files[index].file.value))
        case (.get, "content"):
            return FakeReply(contentType: "application/octet-stream", chunks: [files[index].file.bytes])
        case (.delete, nil):
            files.remove(at: index)
            return .json(["id": .string(id), "object": "file", "deleted": true])
        case _: return .detail(404, "Not Found")
        }
    }

    static func isFileID(_ id: String) -> Bool {
        let digits = id.dropFirst("file-".count)
        return id.hasPrefix("file-") && (1...64).contains(digits.count) && digits.allSatisfy(\.isHexDigit)
    }

    static func badFileID(_ id: String) -> String {
        "Invalid value for 'file_id': \(id). Must match format 'file-' followed by 1-64 hex characters."
    }

    private mutating func upload(_ exchange: FakeExchange) -> FakeReply {
        let parts = FormPart.parts(of: exchange.bytes, contentType: exchange.contentType)
        guard let file = parts.first(where: { $0.name == "file" }), let filename = file.filename else {
            return .invalid("'body', 'file'", "Field required", type: "missing")
        }
        let purpose = parts.first { $0.name == "purpose" }.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        guard Self.purposes.contains(purpose) else {
            return .invalid("'body', 'purpose'", "Input should be one of the purposes", type: "enum")
        }
        let (number, time) = next()
        let id = "file-" + String(repeating: "0", count: 32 - number.count) + number
        let value: [String: Value] = [
            "object": "file", "id": .string(id), "bytes": .integer(file.bytes.count), "created_at": time,
            "expires_at": .integer((time.integer ?? 0) + 31_536_000),
            "filename": .string(version.sanitizesNames ? Self.sanitized(filename) : filename),
            "purpose": .string(purpose), "status": "processed", "status_details": "",
        ]
        files.append((id, File(value: value, bytes: file.bytes)))
        return .json(.object(value))
    }

    /// As OGX 1.5 does in `sanitize_content_disposition_filename`.
    private static func sanitized(_ filename: String) -> String {
        var name = filename.replacing("/", with: "_").replacing("\\", with: "_").replacing("..", with: "_")
        if name.hasPrefix(".") { name = "_" + name.dropFirst() }
        let kept = name.unicodeScalars.map { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "._-".unicodeScalars.contains(scalar))
                ? Character(scalar) : "_"
        }
        return kept.isEmpty ? "download" : String(kept)
    }
}

/// One part of a `multipart/form-data` body.
private struct FormPart {
    let name: String
    let filename: String?
    let bytes: [UInt8]

    static func parts(of body: [UInt8], contentType: String) -> [FormPart] {
        guard let boundary = parameter("boundary", in: contentType) else { return [] }
        let separator = Array("--\(boundary)".utf8)
        var parts: [FormPart] = []
        var rest = body[...]
        while let range = rest.firstRange(of: separator) {
            if let part = FormPart(rest[..<range.lowerBound]) { parts.append(part) }
            rest = rest[range.upperBound...]
        }
        return parts
    }

    private init?(_ bytes: ArraySlice<UInt8>) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        guard let name = Self.parameter("name", in: head) else { return nil }
        self.name = name
        filename = Self.parameter("filename", in: head)
        self.bytes = Array(bytes[end.upperBound...].dropLast(2))
    }

    private static func parameter(_ name: String, in header: String) -> String? {
        for field in header.split(whereSeparator: { $0 == ";" || $0.isNewline }) {
            let sides = field.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
            if sides.count == 2, sides[0] == name {
                return sides[1].hasPrefix("\"") ? String(sides[1].dropFirst().prefix { $0 != "\"" }) : String(sides[1])
            }
        }
        return nil
    }
}
