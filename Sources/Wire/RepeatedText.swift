/// Where a frame of the Responses API repeats the text of a message that was streamed before.
package enum RepeatedText: Sendable, Hashable {
    /// In `response.content_part.done`.
    case part
    /// In `response.output_item.done`.
    case item
    /// In the last frame, in the item at this place of its output, from 0.
    case response(Int)

    private enum Step: Hashable {
        case key(String)
        case index(Int)
    }

    /// The place of a text that begins where the beginning of a frame ends, behind a quotation mark; nil for any other.
    init?(ofTextOpenAfter beginning: ArraySlice<UInt8>) {
        let path = Self.path(ofTextOpenAfter: beginning)
        switch path.count {
        case 2 where path == [.key("part"), .key("text")]: self = .part
        case 4 where path.first == .key("item") && Self.isContent(path[1...]): self = .item
        case 6 where path.prefix(2) == [.key("response"), .key("output")] && Self.isContent(path[3...]):
            guard case .index(let index) = path[2] else { return nil }
            self = .response(index)
        case _: return nil
        }
    }

    private static func isContent(_ path: ArraySlice<Step>) -> Bool {
        guard path.first == .key("content"), path.last == .key("text"), case .index = path[path.startIndex + 1] else {
            return false
        }
        return true
    }

    /// The way to a value of an object; empty for a key, or what is no JSON.
    private static func path(ofTextOpenAfter beginning: ArraySlice<UInt8>) -> [Step] {
        var path: [Step] = []
        var text: [UInt8]?
        var isEscaped = false
        // Behind a colon, what follows is a value.
        var isValue = false
        for byte in beginning.dropLast() {
            if var open = text {
                text = nil  // Else it would be copied.
                if !isEscaped, byte == UInt8(ascii: "\"") {
                    if !isValue, case .key? = path.last {
                        path[path.count - 1] = .key(String(decoding: open, as: UTF8.self))
                    }
                    continue
                }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                // Only keys are looked at, and those that are looked for are short.
                if open.count < 16 { open.append(byte) }
                text = open
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): text = []
            case UInt8(ascii: "{"): (path, isValue) = (path + [.key("")], false)
            case UInt8(ascii: "["): (path, isValue) = (path + [.index(0)], true)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if !path.isEmpty { path.removeLast() }
                isValue = true
            case UInt8(ascii: ":"): isValue = true
            case UInt8(ascii: ","):
                if case .index(let index)? = path.last {
                    path[path.count - 1] = .index(index + 1)
                } else {
                    isValue = false
                }
            case _: break
            }
            if path.count > 512 { return [] }
        }
        return isValue ? path : []
    }
}
