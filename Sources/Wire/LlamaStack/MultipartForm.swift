import Language

/// A `multipart/form-data` body with some fields and one file, as the parts before and after the file.
struct MultipartForm {
    let contentType: String
    let prefix: [UInt8]
    let suffix: [UInt8]

    /// - Parameter sha256: of the file: no file can contain a boundary that is derived from its own digest.
    init(fields: [(name: String, value: String)], filename: String, sha256: String) {
        let boundary = "drover-\(sha256.prefix(32))"
        var prefix: [UInt8] = []
        for field in fields {
            prefix += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n".utf8
            prefix += "\(field.value)\r\n".utf8
        }
        prefix += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(filename)\"\r\n".utf8
        prefix += "Content-Type: application/octet-stream\r\n\r\n".utf8
        self.prefix = prefix
        suffix = Array("\r\n--\(boundary)--\r\n".utf8)
        contentType = "multipart/form-data; boundary=\(boundary)"
    }
}
