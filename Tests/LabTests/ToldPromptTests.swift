import Testing

@testable import Lab

@Suite("A told conversation") struct ToldPromptTests {
    private static let beginning = "This is our conversation so far; go on with it.\n\n"

    @Test("A question that tells what was said before is read as that conversation")
    func conversation() throws {
        let told = """
            user: My order 4411 is broken, open a ticket.

            assistant calls ticket_create with {"order":"4411"}

            answer of the call: {"ticketId":"T-4411-1"}

            assistant: I opened ticket T-4411-1.

            We will look at it today.

            user: What is the state of that ticket?
            """
        let read = try Asked.conversation(Self.beginning + told, tools: ["ticket_search"])
        #expect(read.user == "What is the state of that ticket?" && read.results.isEmpty)
        #expect(
            read.history == """
                My order 4411 is broken, open a ticket.

                I opened ticket T-4411-1.

                We will look at it today.
                """)
        // What comes after it is as it is after any question.
        let found = try Asked.conversation(Self.beginning + told, result: ("ticket_search", "open"))
        #expect(found.user == read.user && found.results.map(\.tool) == ["ticket_search"])
        #expect(found.results.map(\.text) == ["open"])
    }

    @Test("Results at the end of what is told answer the last calls, in order")
    func results() throws {
        let told = """
            user: How many tyres and saddles are left?

            assistant calls stock with {"article":"tyre"}

            assistant calls price with {"article":"saddle"}

            answer of the call: 12

            answer of the call: 3
            """
        let read = try Asked.conversation(Self.beginning + told)
        #expect(read.user == "How many tyres and saddles are left?" && read.history.isEmpty)
        #expect(read.results.map(\.tool) == ["stock", "price"] && read.results.map(\.text) == ["12", "3"])
    }

    @Test(
        "Other questions are what they are",
        arguments: ["user: Hi", "This is our conversation so far", "", "\(Self.beginning)Hi", Self.beginning])
    func others(question: String) throws {
        let read = try Asked.conversation(question, before: [(role: "user", text: "One")])
        #expect(read.user == question && read.history == "One")
    }
}
