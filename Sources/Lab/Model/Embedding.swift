import FoundationEssentials

/// Turns text into a vector: the same text into the same one for ever, texts with words in common into near ones.
///
/// Stems and pairs of neighbouring stems are hashed to places and signs; the vector has length 1.
enum Embedding {
    static let dimension = 384
    private static let pairWeight: Float = 0.5

    static func vector(of text: String) -> [Float] {
        var vector = [Float](repeating: 0, count: dimension)
        for (feature, weight) in features(of: text) {
            let hash = StableHash.of(feature)
            // The low bits place it; a bit that does not take part in the remainder's lowest digits gives the sign.
            vector[Int(hash % UInt64(dimension))] += hash >> 63 == 0 ? weight : -weight
        }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? vector.map { $0 / length } : unit
    }

    /// Little-endian 32-bit floats in base 64, which is how OpenAI's own client asks for vectors.
    static func base64(_ vector: [Float]) -> String {
        var data = Data(capacity: vector.count * 4)
        for number in vector {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
        return data.base64EncodedString()
    }

    /// How often a stem or pair stands there counts with its square root, so that repetition does not drown the rest.
    private static func features(of text: String) -> [(String, Float)] {
        let stems = Words.stems(of: text)
        var counts: [String: Float] = [:]
        for stem in stems { counts[stem, default: 0] += 1 }
        var features = counts.mapValues { $0.squareRoot() }
        for (first, second) in zip(stems, stems.dropFirst()) {
            features["\(first) \(second)"] = pairWeight
        }
        return features.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Stands for texts without a word: vector stores refuse a vector of length 0.
    private static var unit: [Float] {
        [1] + [Float](repeating: 0, count: dimension - 1)
    }
}
