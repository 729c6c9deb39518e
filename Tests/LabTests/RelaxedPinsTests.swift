import Testing

@testable import Lab

@Suite("Pins for versions that have none of their own")
struct RelaxedPinsTests {
    private static let pins = "httpx==0.28.1\nmcp==1.13.1\nopenai==1.107.0\nopenai-agents==1.107.0"

    /// What uv and pip say of llama-stack 0.2.18 with the pins of 0.2.24.
    private static let words = [
        """
          × No solution found when resolving dependencies:
          ╰─▶ Because llama-stack==0.2.18 depends on openai>=1.99.6,<1.100.0 and
              openai==1.107.0, we can conclude that llama-stack==0.2.18 cannot be used.
        """,
        """
        ERROR: Cannot install llama-stack==0.2.18 because these package versions have conflicting dependencies.

        The conflict is caused by:
            llama-stack 0.2.18 depends on openai<1.100.0 and >=1.99.6
            The user requested (constraint) openai==1.107.0
        """,
    ]

    @Test("Only those go that an installer says are in the way", arguments: words)
    func relaxed(output: String) {
        #expect(Recipe.relaxed(Self.pins, by: output) == "httpx==0.28.1\nmcp==1.13.1\nopenai-agents==1.107.0")
    }

    @Test("Where it names none, there is nothing to leave out")
    func other() {
        #expect(Recipe.relaxed(Self.pins, by: "error: could not connect; openai is at 1.107.0") == nil)
        #expect(Recipe.relaxed("", by: Self.words[0]) == nil)
    }
}
