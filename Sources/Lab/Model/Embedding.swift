import FoundationEssentials

/// Turns text into a vector: deterministic, and near for texts with words in common.
///
/// Stems and pairs of neighbouring stems are hashed to places and signs; the vector has length 1.
enum Embedding {
    static let dimension = 384
    private static let pairWeight: Float = 0.5

    static func vector(of text: String) -> [Float] {
        var vector = [Float](repeating: 0, count: dimension)
        for (feature, weight) in features(of: text) {
            let hash = StableHash.of(feature)
            // The remainder selects the position, and the highest bit the sign.
            vector[Int(hash % UInt64(dimension))] += hash >> 63 == 0 ? weight : -weight
        }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? vector.map { $0 / length } : unit
    }

    /// Little-endian 32-bit floats in Base64, the format that OpenAI's own client requests.
    static func base64(_ vector: [Float]) -> String {
        var data = Data(capacity: vector.count * 4)
        for number in vector {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
        return data.base64EncodedString()
    }

    /// The weight of a stem or pair is the square root of its count, so that repetition does not dominate.
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

    /// The vector of a text without words: vector stores reject a vector of length 0.
    private static var unit: [Float] {
        [1] + [Float](repeating: 0, count: dimension - 1)
    }
}
