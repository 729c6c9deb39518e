import ArgumentParser
import Language
import Suites

/// How a command ends: the one place where a cause becomes a number.
struct ExitStatus: Hashable {
    let number: Int32

    var code: ExitCode { ExitCode(number) }

    /// With `--exit-code`: there are changes to apply.
    static let changes = ExitStatus(number: 2)

    private init(number: Int32) {
        self.number = number
    }

    init(_ cause: Diagnostic.Cause) {
        number =
            switch cause {
            case .unavailable, .unexpected: 1
            case .spec: 3
            case .failed: 4
            case .inconclusive: 5
            case .incomplete: 6
            case .conflict: 7
            case .locked: 8
            case .protected: 9
            case .lacking: 10
            case .usage: 64
            case .interrupted: 130
            }
    }

    /// Precedence among several: interrupted, then conflict, incomplete, failed, inconclusive; otherwise the first.
    init(of diagnostics: [Diagnostic]) {
        let causes = diagnostics.filter { $0.severity == .error }.map(\.cause)
        let weightiest: [Diagnostic.Cause] = [.interrupted, .conflict, .incomplete, .failed, .inconclusive]
        self.init(weightiest.first(where: causes.contains) ?? causes.first ?? .unexpected)
    }
}

extension ExitStatus {
    /// - Throws: The exit code of a run that did not pass.
    static func end(with run: Run) throws {
        switch run.verdict {
        case .passed: return
        case .failed: throw ExitStatus(.failed).code
        case .inconclusive: throw ExitStatus(.inconclusive).code
        }
    }
}
