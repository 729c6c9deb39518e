import Language
import Synchronization
import Wire

/// A document that is to be brought.
struct Coming: Sendable {
    let document: Document
    let mark: String
}

/// What became of a document that was brought.
enum Brought: Sendable {
    case done(Coming)
    case failed(Diagnostic)
    /// The server did not answer whether it took it in, and may still be at work.
    case unanswered(Diagnostic)
    /// Nobody is there to ask.
    case unreachable(Diagnostic)
    /// The server is gone, which was told of another document.
    case skipped

    var arrived: Coming? {
        if case .done(let coming) = self { coming } else { nil }
    }

    /// Whether the server may be at work, or gone.
    var isUnsure: Bool {
        switch self {
        case .done, .failed: false
        case .unanswered, .unreachable, .skipped: true
        }
    }

    var problem: Diagnostic? {
        switch self {
        case .done, .skipped: nil
        case .failed(let problem), .unanswered(let problem), .unreachable(let problem): problem
        }
    }
}

extension WireError {
    /// Whether the server may have done, or may still do, what it was asked for.
    var leavesOpen: Bool {
        switch cause {
        case .transport(.unreachable), .transport(.tls), .status(400..<500): false
        case .transport(.timeout), .transport(.broken), .status, .unreadable, .stream: true
        }
    }

    /// Whether nobody is there to ask.
    var isUnreachable: Bool {
        cause == .transport(.unreachable)
    }
}

/// The course of bringing documents: counts them, for progress, and ends when the server is gone.
final class Course: Sendable {
    private struct Position {
        var done = 0
        var isOver = false
    }

    private let total: Int
    private let tell: @Sendable (String) -> Void
    private let position = Mutex(Position())

    init(of total: Int, _ tell: @escaping @Sendable (String) -> Void) {
        self.total = total
        self.tell = tell
    }

    /// Brings one more document, unless the server is gone.
    func following(_ bring: () async throws -> Brought) async throws -> Brought {
        guard !position.withLock({ $0.isOver }) else { return .skipped }
        let brought = try await bring()
        let number = position.withLock { position in
            position.done += 1
            if case .unreachable = brought { position.isOver = true }
            return position.done
        }
        tell("\(number) of \(total) documents")
        return brought
    }
}
