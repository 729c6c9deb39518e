/// Which calls of a stack's tools have side effects, as the spec says. A tool changes something unless it is known to
/// only read.
package struct ToolEffects: Sendable, Hashable {
    /// The declared names of tools whose own calls change nothing: also agents, whose tools count by themselves.
    private let reading: Set<String>
    /// The declared names of agents that are said to change nothing, whatever tools they call.
    private let quiet: Set<String>
    /// The declared names of tools that change something.
    private let changing: Set<String>
    /// Whether all tools behind a declared name read, such as those of MCP servers, whose own names are not declared.
    private let readsBehindNames: Bool

    package init(
        reading: Set<String> = [], quiet: Set<String> = [], changing: Set<String> = [], readsBehindNames: Bool = false
    ) {
        self.reading = reading
        self.quiet = quiet
        self.changing = changing
        self.readsBehindNames = readsBehindNames
    }

    /// The tool that an event calls and that changes something; nil for all other events.
    package func change(in event: AgentEvent) -> String? {
        switch event {
        case .text, .again, .finished: nil
        case .toolStarted(let name): isChanging(name) ? name : nil
        case .toolFinished(let call): change(in: call)
        case .delegated(let tool, let event): quiet.contains(tool) ? nil : change(in: event)
        }
    }

    /// The tool that was called and changes something; nil when the call changes nothing.
    package func change(in call: Answer.ToolCall) -> String? {
        if reading.contains(call.tool) { return nil }
        return changing.contains(call.tool) || isChanging(call.name) ? call.name : nil
    }

    private func isChanging(_ name: String) -> Bool {
        if reading.contains(name) { return false }
        return changing.contains(name) || !readsBehindNames
    }
}
