package import Engine
package import Runtime

extension Kinds {
    /// The side effects of the declared tools: searches of documents and of the web only read, agents have the effects
    /// of their tools, and all others change something unless they say `effect: reads`.
    package static func effects(in workflow: Workflow) -> ToolEffects {
        var (reading, quiet, changing): (Set<String>, Set<String>, Set<String>) = ([], [], [])
        var readsBehindNames = true
        for (declaration, tool) in workflow.specs(of: ToolSpec.self) {
            let name = declaration.address.name
            if tool.onlyReads || tool.agent != nil { reading.insert(name) } else { changing.insert(name) }
            if tool.onlyReads, tool.agent != nil { quiet.insert(name) }
            if tool.mcp != nil || tool.toolGroup != nil { readsBehindNames = readsBehindNames && tool.onlyReads }
        }
        return ToolEffects(reading: reading, quiet: quiet, changing: changing, readsBehindNames: readsBehindNames)
    }
}
