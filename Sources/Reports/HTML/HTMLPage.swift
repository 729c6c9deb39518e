import FoundationEssentials
import Language

/// The page around the data: its style, its elements and its program, which are files in `Page`.
struct HTMLPage {
    private static let program: [[UInt8]] = [
        PackageResources.words_js, PackageResources.data_js, PackageResources.charts_js,
        PackageResources.difference_js, PackageResources.details_js, PackageResources.list_js,
        PackageResources.start_js,
    ]

    private let script = Self.program.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    private let style = String(decoding: PackageResources.page_css, as: UTF8.self)

    /// Up to where the data begins. The data is in the head: within the body, a browser would lay the page out again and
    /// again while it reads them.
    func head(title: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '\(Self.digest(of: script))'; \
        style-src '\(Self.digest(of: style))'; base-uri 'none'; form-action 'none'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <title>\(Self.text(title)): test report</title>
        <style>\(style)</style>

        """
    }

    /// From where the data has ended.
    var end: String {
        let body = String(decoding: PackageResources.page_html, as: UTF8.self)
        return "</head>\n<body>\n\(body)<script>\(script)</script>\n</body>\n</html>\n"
    }

    static func dataStart(_ attribute: String) -> String {
        "<script type=\"application/json\" \(attribute)>\n"
    }

    static let dataEnd = "</script>\n"

    /// JSON that cannot end the element in which it stands, in which nothing controls a terminal or turns text around.
    static func data(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(where: isSuspicious) else { return json }
        var safe: [UInt8] = []
        safe.reserveCapacity(json.count + 64)
        var index = 0
        while index < json.count {
            let (escaped, length) = Self.escaped(at: index, of: json)
            if let escaped {
                safe += "\\u\(escaped)".utf8
            } else {
                safe.append(json[index])
            }
            index += length
        }
        return safe
    }

    /// Whether a byte is `<`, DEL, or the first of what may be a control character in UTF-8.
    private static func isSuspicious(_ byte: UInt8) -> Bool {
        byte == 0x3C || byte == 0x7F || byte == 0xC2 || byte == 0xD8 || byte == 0xE2 || byte == 0xEF
    }

    /// The four digits to write instead of what begins at an index, and the number of its bytes.
    private static func escaped(at index: Int, of json: [UInt8]) -> (String?, length: Int) {
        let byte = json[index]
        guard isSuspicious(byte) else { return (nil, 1) }
        let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : 3
        guard index + length <= json.count else { return (nil, 1) }
        guard let scalar = String(decoding: json[index..<index + length], as: UTF8.self).unicodeScalars.first,
            scalar == "<" || Printable.isControl(scalar)
        else { return (nil, 1) }
        let hex = String(scalar.value, radix: 16)
        return (String(repeating: "0", count: 4 - hex.count) + hex, length)
    }

    private static func text(_ words: String) -> String {
        Markdown.html(words)
    }

    /// As a Content-Security-Policy names it.
    private static func digest(of text: String) -> String {
        "sha256-" + Data(sha256(Array(text.utf8))).base64EncodedString()
    }
}
