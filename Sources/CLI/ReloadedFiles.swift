import Glibc
import Language
import Serving

/// The files of a server that are read again while it runs: when they have changed, and after SIGHUP.
struct ReloadedFiles: Sendable {
    let tokens: BearerTokens?
    let certificate: Certificate?
    let stack: Stack

    /// Reads them when it is time, until the task is cancelled.
    func follow() async {
        Hangups.listen()
        guard tokens != nil || certificate != nil else { return }
        let (tokenWatch, watch) = (tokens.map { FileWatch($0.stamps) }, certificate.map { FileWatch($0.stamps) })
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await Hangups.each {
                    reloadTokens()
                    reloadCertificate()
                }
            }
            group.addTask { await look(tokenWatch, watch) }
        }
    }

    /// Looks once a second whether they have changed.
    private func look(_ tokenWatch: FileWatch?, _ watch: FileWatch?) async {
        var (tokenWatch, watch) = (tokenWatch, watch)
        // A cancelled sleep ends it.
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            if let tokens, tokenWatch?.hasChanged(tokens.stamps) ?? false { reloadTokens() }
            if let certificate, watch?.hasChanged(certificate.stamps) ?? false { reloadCertificate() }
        }
    }

    private func reloadTokens() {
        reload("The tokens were read again.", tokens?.reload)
    }

    private func reloadCertificate() {
        reload("The certificate was read again.", certificate?.reload)
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
private enum Hangups {
    private static let bell = SignalBell()

    static func listen() {
        _ = bell  // A handler of signals can make none.
        signal(SIGHUP) { _ in Hangups.bell.ring() }
    }

    /// Runs a body after each, until the task is cancelled.
    static func each(_ body: () -> Void) async {
        await bell.each(body)
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
