package import Engine
import Language
import Runtime

extension AgentResource {
    /// Its tools, shields and models count by themselves; where it is logged and what is said about it do not.
    package func identity(of desired: Desired) -> AppliedFields {
        let counting = fields(of: desired).filter { path, _ in
            path != "description" && !["tools.", "tags.", "log.", "metadata."].contains { path.hasPrefix($0) }
        }
        return counting.merging(["tools": .array(desired.definition.tools.map { .string($0.name) })]) { own, _ in own }
    }
}
