import Glibc
import Language
import Serving
import Synchronization

/// The files of a server that are read again while it runs: when they have changed, and after SIGHUP.
struct ReloadedFiles: Sendable {
    let tokens: BearerTokens?
    let certificate: Certificate?
    let stack: Stack

    /// Reads them when it is time, until the task is cancelled.
    func follow() async {
        var hangups = Hangups()
        var watch = certificate.map { FileWatch($0.stamps) }
        var tokenWatch = tokens.map { FileWatch($0.stamps) }
        // A cancelled sleep ends it.
        for look in 1... {
            guard (try? await Task.sleep(for: .milliseconds(100))) != nil else { return }
            let isAsked = hangups.isNew
            // Files are looked at once a second.
            let hasOthers = look % 10 == 0 && tokens.map { tokenWatch?.hasChanged($0.stamps) ?? false } ?? false
            if isAsked || hasOthers { reload("The tokens were read again.", tokens?.reload) }
            let isOther = look % 10 == 0 && certificate.map { watch?.hasChanged($0.stamps) ?? false } ?? false
            if isAsked || isOther { reload("The certificate was read again.", certificate?.reload) }
        }
    }

    private func reload(_ done: String, _ body: (() throws(Diagnostic) -> Void)?) {
        guard let body else { return }
        do {
            try body()
            Console.note(done)
        } catch {
            stack.warn(.notReloaded(error))
        }
    }
}

/// SIGHUP, which asks a server to read its files again.
private struct Hangups {
    private static let count = Atomic<Int>(0)
    private var seen: Int

    init() {
        signal(SIGHUP) { _ in Hangups.count.add(1, ordering: .relaxed) }
        seen = Self.count.load(ordering: .relaxed)
    }

    /// Whether there was one since this was asked last.
    var isNew: Bool {
        mutating get {
            let count = Self.count.load(ordering: .relaxed)
            defer { seen = count }
            return count != seen
        }
    }
}

extension Diagnostic {
    /// What was read before goes on.
    fileprivate static func notReloaded(_ problem: Diagnostic) -> Diagnostic {
        var told = problem
        told.severity = .warning
        told.detail += " What was read before is used on."
        return told
    }
}
