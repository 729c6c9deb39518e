import Engine
import Language
import Synchronization
import Wire

/// A document that is to be brought.
struct Coming: Sendable {
    let document: Document
    let mark: String
}

/// A document that the server has, and the store not yet.
struct Uploaded: Sendable {
    let coming: Coming
    let file: LlamaStack.File
}

/// What became of a document that was brought.
enum Brought: Sendable {
    case done(Coming, LlamaStack.VectorStoreFile)
    case failed(Diagnostic)
    /// The server did not answer whether it took it in, and may still be at work.
    case unanswered(Uploaded, Diagnostic)
    /// Nobody is there to ask.
    case unreachable(Diagnostic)
    /// The server is gone, or did not answer, which was told of another document.
    case skipped

    var arrived: Coming? {
        if case .done(let coming, _) = self { coming } else { nil }
    }

    var file: LlamaStack.VectorStoreFile? {
        if case .done(_, let file) = self { file } else { nil }
    }

    var open: Uploaded? {
        if case .unanswered(let uploaded, _) = self { uploaded } else { nil }
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
        case .failed(let problem), .unanswered(_, let problem), .unreachable(let problem): problem
        }
    }
}

extension WireError {
    /// Whether the server may have done, or may still do, what it was asked for.
    var leavesOpen: Bool {
        switch cause {
        case .transport(.unreachable), .transport(.tooManyOpenFiles), .transport(.tls), .status(400..<500): false
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

    /// Whether nothing more is to be sent.
    var isOver: Bool {
        position.withLock { $0.isOver }
    }

    /// Ends it: the server is gone, or at work that nobody knows of.
    func end() {
        position.withLock { $0.isOver = true }
    }

    /// Tells that one more document is there.
    func advance() {
        let number = position.withLock { position in
            position.done += 1
            return position.done
        }
        tell("\(number) of \(total) documents")
    }
}
