import Engine
import FoundationEssentials
import Language
import Reports
import Synchronization

/// The events of an apply on standard output, where they are wanted there: everything else goes to standard error then.
enum EventOutput {
    private static let sources = Mutex<SourceMap?>(nil)

    /// From now on events are written, and diagnostics in them point into these sources.
    static func begin(_ map: SourceMap = SourceMap()) {
        Console.keepOutputForReports()
        sources.withLock { $0 = map }
    }

    static var isOn: Bool {
        sources.withLock { $0 != nil }
    }

    /// Writes an event as a line, unless none are wanted.
    static func write(_ event: (EventJSON, Date) throws -> Value) rethrows {
        guard let map = sources.withLock({ $0 }) else { return }
        let json = EventJSON { DiagnosticRenderer(sources: map, colors: false).json(FlagFixes.told($0)) }
        let line = try event(json, Date())
        // Held while it is written, so that lines of several tasks do not mix.
        sources.withLock { _ in Console.write(line.canonicalJSON + "\n", to: 1) }
    }

    /// Writes the last event.
    static func end(_ status: Int32, _ problems: [Diagnostic] = [], in map: SourceMap? = nil) {
        guard isOn else { return }
        if let map { begin(map) }
        write { $0.ended(["exitCode": .integer(Int(status))], problems, at: $1) }
    }
}
