import Wire

/// The messages of an answer that are too long to be kept: where the server repeats them, and how much of that was
/// passed on.
struct LongMessages {
    /// The bytes of a message that are kept.
    let keeping: Int
    private let mayCite: Bool
    private var message: String?
    private var length = 0
    /// Where in the output of the response they are, in order.
    private var awaited: [Int] = []
    /// The text that was begun last: nil before the first.
    private var begun: RepeatedText?
    private var marks = CitationMarks()
    private var told: Set<RepeatedText> = []

    /// - Parameter mayCite: Whether marks of citations are taken out of the text.
    init(keeping: Int, mayCite: Bool) {
        self.keeping = keeping
        self.mayCite = mayCite
    }

    var isAnyAwaited: Bool { !awaited.isEmpty }

    /// Whether the message that is told does not become too long by a piece.
    func hasRoom(for piece: String) -> Bool {
        length > keeping || length + piece.utf8.count <= keeping
    }

    /// Counts a piece of a message that is told.
    /// - Returns: Whether it has become too long by this piece.
    mutating func add(_ piece: String, of message: String?, at index: Int?) -> Bool {
        if message != self.message { (self.message, length) = (message, 0) }
        let before = length
        length += piece.utf8.count
        guard before <= keeping, length > keeping else { return false }
        // Servers that do not say where it is do not repeat it there.
        awaited.append(index ?? -1)
        told.remove(.item)
        return true
    }

    /// Takes a piece of a text that is repeated.
    /// - Returns: What is to be told of it.
    mutating func take(_ piece: String, _ place: RepeatedText) -> [MessageRepetition] {
        guard repetition(place, "") != nil else { return [] }
        let rest = place == begun ? [] : rest()
        begun = place
        told.insert(place)
        let text = mayCite ? marks.next(piece) : piece
        return rest + [repetition(place, text)].compactMap(\.self)
    }

    /// At the end of a message: what is still to be told of it.
    /// - Parameter text: The text of the whole message, or its beginning where pieces of it were taken.
    mutating func end(saying text: String) -> [MessageRepetition] {
        guard length > keeping else { return [] }
        defer { length = 0 }
        return rest() + (told.contains(.item) ? [] : [.item(text)])
    }

    /// The same at the end of the answer.
    /// - Parameter texts: Those of the items of the output.
    mutating func end(saying texts: [String]) -> [MessageRepetition] {
        rest()
            + awaited.enumerated().compactMap { number, index in
                guard !told.contains(.response(index)), texts.indices.contains(index) else { return nil }
                return .response(number, texts[index])
            }
    }

    /// What was held of the text that ends.
    private mutating func rest() -> [MessageRepetition] {
        let held = marks.end()
        guard let place = begun, !held.isEmpty else { return [] }
        return [repetition(place, held)].compactMap(\.self)
    }

    /// nil for what need not be told.
    private func repetition(_ place: RepeatedText, _ text: String) -> MessageRepetition? {
        switch place {
        case .part: nil
        case .item: length > keeping ? .item(text) : nil
        case .response(let index): awaited.firstIndex(of: index).map { .response($0, text) }
        }
    }
}
