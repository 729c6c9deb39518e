import Testing

@testable import Lab

@Suite struct BestSentenceTests {
    private let passages = [
        ToolResult.Passage(
            citation: nil,
            text: "# Shipping\n- To Norway it takes 4 days. It costs 12 EUR.\n- To Iceland 8 days."),
        ToolResult.Passage(
            citation: "<|file-1|>",
            text: "# Refunds\nThe refund window is\n30 days. Postage is free in the U.S. and here."),
    ]

    @Test(
        "The sentence that shares most words with the question wins",
        arguments: [
            ("What is the refund window?", "The refund window is 30 days."),
            ("How long does it take to Norway?", "To Norway it takes 4 days."),
            ("And to Iceland?", "To Iceland 8 days."),
        ])
    func best(question: String, sentence: String) {
        #expect(BestSentence.find(for: question, in: passages)?.sentence == sentence)
    }

    @Test("Nothing is found when no sentence shares a word, or there is none")
    func nothing() {
        #expect(BestSentence.find(for: "Do you sell gift vouchers?", in: passages) == nil)
        #expect(BestSentence.find(for: "What is the refund window?", in: []) == nil)
    }

    @Test("A citation stands before the full stop")
    func citation() throws {
        let found = try #require(BestSentence.find(for: "refund window", in: passages))
        #expect(found.cited == "The refund window is 30 days <|file-1|>.")
    }

    @Test("Headings are no sentences, list entries are, lines of a paragraph belong together")
    func sentences() {
        let text = "# Title\nOne two\nthree. Four?\n\n- Five\n- Six. seven"
        #expect(BestSentence.sentences(of: text) == ["One two three.", "Four?", "Five", "Six. seven"])
    }
}
