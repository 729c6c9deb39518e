import Engine
import Language
import Synchronization
import Wire

/// A document to be uploaded and attached.
struct Coming: Sendable {
    let document: Document
    let mark: String
}

/// A document that is uploaded, but not in the store yet.
struct Uploaded: Sendable {
    let coming: Coming
    let file: LlamaStack.File
}

/// The outcome for a document.
enum Brought: Sendable {
    case done(Coming, LlamaStack.VectorStoreFile)
    case failed(Diagnostic)
    /// The server did not say whether it ingested it, and may still be working.
    case unanswered(Uploaded, Diagnostic)
    /// The server cannot be reached.
    case unreachable(Diagnostic)
    /// Not attempted, because the server failed on another document, which is reported there.
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

    var isSkipped: Bool {
        if case .skipped = self { true } else { false }
    }

    /// Whether the server may be working still, or is unreachable.
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
    /// Whether the server may have executed the request, or still do so.
    var leavesOpen: Bool {
        switch cause {
        case .transport(.unreachable), .transport(.tooManyOpenFiles), .transport(.tls), .status(400..<500): false
        case .transport(.timeout), .transport(.broken), .status, .unreadable, .stream: true
        }
    }

    /// Whether the server cannot be reached.
    var isUnreachable: Bool {
        cause == .transport(.unreachable)
    }
}

/// The progress of uploading and attaching documents: counts them, and ends when the server is unreachable.
final class Course: Sendable {
    private struct Position {
        var uploaded = 0
        var done = 0
        var isOver = false
    }

    private let total: Int
    private let tell: @Sendable (Advance) -> Void
    private let mayStart: @Sendable () -> Bool
    private let position = Mutex(Position())

    init(of total: Int, in context: ApplyContext) {
        self.total = total
        tell = context.progress
        mayStart = context.mayStart
    }

    /// Whether the user has interrupted: nothing new is begun. What was announced as attached is attached, else the
    /// next run would wait for it.
    var isInterrupted: Bool { !mayStart() }

    /// Whether nothing more may be sent.
    var isOver: Bool {
        position.withLock { $0.isOver }
    }

    /// Ends it: the server is unreachable, or working on a request without a response.
    func end() {
        position.withLock { $0.isOver = true }
    }

    /// Counts one more upload.
    func noteUpload() {
        let number = position.withLock { position in
            position.uploaded += 1
            return position.uploaded
        }
        tell(.counted(number, of: total, unit: "documents uploaded"))
    }

    /// Counts one more document that is in the store.
    func advance() {
        let number = position.withLock { position in
            position.done += 1
            return position.done
        }
        tell(.counted(number, of: total, unit: "documents"))
    }
}
