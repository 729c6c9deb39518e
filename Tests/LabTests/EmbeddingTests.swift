import Testing

@testable import Lab

@Suite struct EmbeddingTests {
    @Test("A vector has 384 numbers and length 1, also for a text without words")
    func isNormalised() {
        for text in ["The refund window is 30 days.", "", "?!", "the of and"] {
            let vector = Embedding.vector(of: text)
            #expect(vector.count == 384)
            #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        }
    }

    @Test("The same text has the same vector; case, inflection and filler words change nothing")
    func isStable() {
        #expect(Embedding.vector(of: "refund window") == Embedding.vector(of: "What are the Refunds' windows?"))
    }

    @Test("A question is nearer to the text that answers it than to others")
    func ranks() {
        let question = Embedding.vector(of: "How long does shipping to Norway take?")
        let shipping = Embedding.vector(of: "# Shipping\nShipping to Norway takes five working days.")
        let refunds = Embedding.vector(of: "# Refunds\nThe refund window is 30 days from delivery.")
        #expect(similarity(question, shipping) > similarity(question, refunds) + 0.2)
    }

    @Test("Base 64 holds the numbers as little-endian 32-bit floats")
    func base64() {
        #expect(Embedding.base64([1, -2]) == "AACAPwAAAMA=")
    }

    private func similarity(_ left: [Float], _ right: [Float]) -> Float {
        zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
