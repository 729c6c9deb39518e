import FoundationEssentials
package import Language
import Synchronization

/// The file of a script, reloaded whenever it has changed.
final class ScriptFile: Sendable {
    private struct State {
        var stamp: DigestCache.Stamp?
        var script: Script
        var uses: [Int: Int] = [:]
    }

    private let path: String?
    private let state: Mutex<State>

    /// - Throws: `Diagnostics` when the file is missing or has mistakes.
    init(_ path: String?) throws(Diagnostics) {
        self.path = path
        // Before it is read: what is written meanwhile is another content.
        let stamp = path.flatMap { DigestCache.Stamp(ofFileAt: $0) }
        var sources = SourceMap()
        let script = try path.map { path throws(Diagnostics) in try Script.read(path, into: &sources) }
        state = Mutex(State(stamp: stamp, script: script ?? Script(rules: [])))
    }

    /// The answer of the script, or of the built-in behaviour. Counters of rules are reset when the file changes.
    func reply(to conversation: Conversation) -> Reply {
        let reply: Reply? = state.withLock { state in
            do throws(Diagnostics) {
                try reload(&state)
            } catch {
                return Reply(act: .fail(status: 500, message: "The script has mistakes. \(error.all[0].detail)"))
            }
            return state.script.reply(to: conversation, uses: &state.uses)
        }
        return reply ?? BuiltInBehaviour.reply(to: conversation)
    }

    private func reload(_ state: inout State) throws(Diagnostics) {
        // When the file is missing for a moment, as when an editor replaces it, the script is kept.
        guard let path, let stamp = DigestCache.Stamp(ofFileAt: path), stamp != state.stamp else { return }
        var sources = SourceMap()
        state.script = try Script.read(path, into: &sources)
        state.stamp = stamp
        state.uses = [:]
    }
}

extension Script {
    /// Reads a script. The file is added to `sources`, so that mistakes can be shown in place.
    package static func read(_ path: String, into sources: inout SourceMap) throws(Diagnostics) -> Script {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Diagnostics([.noScript(path)])
        }
        let source = Source(path: path, bytes: Array(data))
        let id = sources.add(source)
        return try decode(try Reader.read(source, id: id))
    }
}

extension Diagnostic {
    fileprivate static func noScript(_ path: String) -> Diagnostic {
        Diagnostic(
            "no-script", "Script not found", detail: "The model's script `\(path)` is not there or cannot be read.",
            fix: "Put the file there, or name another one.")
    }
}
