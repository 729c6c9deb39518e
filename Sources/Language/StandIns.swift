/// Characters that replace, while libyaml reads, those that it would misread; each is as long as what it replaces, so
/// that every position stays valid.
///
/// libyaml reads YAML 1.1: it refuses the surrogate pairs of JSON (`"\ud83d\ude00"`) and takes U+0085, U+2028 and
/// U+2029 for line breaks. So `\ud83d` is read as `\ue03d` (or another block that the source does not use) and turned
/// back in the value: joined where the scalar is double-quoted, spelled as it was everywhere else.
struct StandIns {
    /// The bytes that libyaml reads.
    let bytes: [UInt8]
    private let original: [UInt8]
    private let escapes: [StandInSurvey.Place]
    /// The first of the 2,048 characters that stand for the surrogates.
    private let block: UInt32
    /// What each stand-in for a line break of YAML 1.1 stands for.
    private let breaks: [Unicode.Scalar: Unicode.Scalar]

    /// A surrogate without its other half, as an offset in bytes of its escape.
    struct LoneSurrogate: Error {
        var offset: Int
    }

    /// The source itself uses every character that could stand in.
    struct Exhausted: Error {}

    /// Makes the stand-ins that a source needs.
    /// - Returns: nil when it needs none, which is nearly always.
    init?(for original: [UInt8]) throws(Exhausted) {
        guard StandInSurvey.isNeeded(for: original) else { return nil }
        let survey = StandInSurvey(of: original)
        guard !survey.escapes.isEmpty || !survey.breaks.isEmpty else { return nil }
        guard let choice = survey.choice else { throw Exhausted() }
        var bytes = original
        for escape in survey.escapes {
            let surrogate = UInt32(bytes[(escape.offset + 2)..<(escape.offset + 6)].hexadecimal ?? 0xD800)
            let spelled = String(choice.block + surrogate - 0xD800, radix: 16)
            bytes.replace(at: escape.offset + 2, with: String(repeating: "0", count: 4 - spelled.count) + spelled)
        }
        for place in survey.breaks {
            let standIn = choice.standIn(for: place.scalar)
            bytes.replace(at: place.offset, with: String(Character(standIn)))
        }
        self.bytes = bytes
        self.original = original
        escapes = survey.escapes
        block = choice.block
        breaks = Dictionary(uniqueKeysWithValues: StandInSurvey.breaks.map { (choice.standIn(for: $0), $0) })
    }

    /// The value that a scalar really has, from the value that libyaml read.
    ///
    /// `indices` say where the scalar stands, in Unicode scalars from the start of the source.
    func restored(_ text: String, isDoubleQuoted: Bool, indices: Range<Int>) throws(LoneSurrogate) -> String {
        var scalars = Array(text.unicodeScalars)
        for index in scalars.indices {
            if let original = breaks[scalars[index]] { scalars[index] = original }
        }
        let places = escapes(in: indices)
        if !places.isEmpty {
            scalars = isDoubleQuoted ? try joined(scalars, places) : spelled(scalars, places)
        }
        var restored = String.UnicodeScalarView()
        restored.append(contentsOf: scalars)
        return String(restored)
    }

    private func escapes(in indices: Range<Int>) -> ArraySlice<StandInSurvey.Place> {
        let start = escapes.partitioningIndex { $0.index >= indices.lowerBound }
        let end = escapes.partitioningIndex { $0.index >= indices.upperBound }
        return escapes[start..<max(start, end)]
    }

    /// Joins the two halves of each pair of surrogates.
    private func joined(
        _ scalars: [Unicode.Scalar], _ places: ArraySlice<StandInSurvey.Place>
    ) throws(LoneSurrogate) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var places = places
        var high: (half: UInt32, place: StandInSurvey.Place)?
        for scalar in scalars {
            guard (block..<block + 0x800).contains(scalar.value), let place = places.popFirst() else {
                if let high { throw LoneSurrogate(offset: high.place.offset) }
                result.append(scalar)
                continue
            }
            let half = scalar.value - block
            switch (high, half < 0x400) {
            case (nil, true):
                high = (half, place)
            case (let first?, false):
                guard let pair = Unicode.Scalar(0x10000 + (first.half << 10) + (half - 0x400)) else { continue }
                result.append(pair)
                high = nil
            case (nil, false), (_?, true):
                throw LoneSurrogate(offset: high?.place.offset ?? place.offset)
            }
        }
        if let high { throw LoneSurrogate(offset: high.place.offset) }
        return result
    }

    /// Spells each escape as it was, in a scalar where a backslash is only a backslash.
    private func spelled(
        _ scalars: [Unicode.Scalar], _ places: ArraySlice<StandInSurvey.Place>
    ) -> [Unicode.Scalar] {
        var result = scalars
        var places = places
        var index = 0
        while index + 5 < result.count {
            let digits = result[(index + 2)..<(index + 6)].map { UInt8(truncatingIfNeeded: $0.value) }
            let isEscape = result[index] == "\\" && result[index + 1] == "u"
            if isEscape, let value = digits.hexadecimal, (block..<block + 0x800).contains(UInt32(value)),
                let place = places.popFirst()
            {
                for offset in 2..<6 { result[index + offset] = Unicode.Scalar(original[place.offset + offset]) }
                index += 5
            }
            index += 1
        }
        return result
    }
}

extension Collection<UInt8> {
    /// The value of hexadecimal digits; nil when another character is among them.
    var hexadecimal: Int? {
        var value = 0
        for byte in self {
            guard
                let digit = Unicode.Scalar(byte).properties.isASCIIHexDigit
                    ? Character(Unicode.Scalar(byte)).hexDigitValue : nil
            else { return nil }
            value = value << 4 | digit
        }
        return value
    }
}

extension [UInt8] {
    fileprivate mutating func replace(at offset: Int, with text: String) {
        for (index, byte) in text.utf8.enumerated() { self[offset + index] = byte }
    }
}

extension [StandInSurvey.Place] {
    /// The first index whose element satisfies a predicate that is false, then true.
    fileprivate func partitioningIndex(where predicate: (StandInSurvey.Place) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
