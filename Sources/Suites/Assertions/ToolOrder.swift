package import Language
import Runtime

/// `toolOrder: [ticket_search, ticket_create]`: tools called in this order, possibly with others in between.
package struct ToolOrder: Assertion {
    package static let key = Key(
        "toolOrder", Reading.list(.someText, minimum: 2).map { names, _, _ in ToolOrder(names) },
        example: "[ticket_search, ticket_create]", "Tools that the agent called one after the other.")

    let names: [String]

    init(_ names: [String]) {
        self.names = names
    }

    package var claim: String { "has calls in the order \(names.joined(separator: ", "))" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let calls = observation.calls
        var rest = calls[...]
        for name in names {
            guard let index = rest.firstIndex(where: { $0.isNamed(name) }) else {
                let reason = calls.contains { $0.isNamed(name) } ? "not in this order" : "not at all"
                return .failed(
                    Mismatch(
                        "The agent called `\(name)` \(reason).", expected: names.joined(separator: ", "),
                        actual: calls.isEmpty ? "no tool calls" : calls.map(\.name).joined(separator: ", ")))
            }
            rest = rest[(index + 1)...]
        }
        return .passed
    }
}
