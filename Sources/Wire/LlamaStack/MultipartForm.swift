/// A `multipart/form-data` body with some fields and one file.
struct MultipartForm {
    let contentType: String
    let body: [UInt8]

    init(fields: [(name: String, value: String)], file: [UInt8], filename: String) {
        let boundary = Self.boundary(notIn: file)
        var body: [UInt8] = []
        for field in fields {
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n".utf8
            body += "\(field.value)\r\n".utf8
        }
        body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(filename)\"\r\n".utf8
        body += "Content-Type: application/octet-stream\r\n\r\n".utf8
        body += file
        body += "\r\n--\(boundary)--\r\n".utf8
        self.body = body
        contentType = "multipart/form-data; boundary=\(boundary)"
    }

    /// The same for the same file, and nowhere in it.
    private static func boundary(notIn file: [UInt8]) -> String {
        let candidates = (0...).lazy.map { "drover-boundary-\($0)" }
        return candidates.first { file.firstRange(of: Array("--\($0)".utf8)) == nil } ?? "drover-boundary"
    }
}
