package import Language
import NIOCore

/// A request body with a file in it that is read while it is sent.
///
/// The digest is checked before the last chunk of the file is sent: a server never receives the whole of a file that is
/// not the planned one.
package struct FileBody: Sendable, Hashable {
    /// What comes before the file.
    package var prefix: [UInt8]
    package var file: FileContent
    /// What comes after it.
    package var suffix: [UInt8]

    package init(prefix: [UInt8] = [], file: FileContent, suffix: [UInt8] = []) {
        self.prefix = prefix
        self.file = file
        self.suffix = suffix
    }

    /// In bytes.
    package var size: Int {
        prefix.count + file.size + suffix.count
    }

    /// Why a file was not sent; the request was aborted.
    package enum Failure: Error, Sendable, Hashable {
        /// Its content has changed since its digest was computed.
        case changed
        case unreadable(FileBytes.Failure)
    }

    /// The whole body, for transports that cannot stream.
    package func collected() throws -> [UInt8] {
        var reader = Reader(self)
        var bytes: [UInt8] = []
        while let piece = try reader.next() { bytes += piece.readableBytesView }
        return bytes
    }
}

extension FileBody {
    /// The body in chunks, which are read on demand.
    struct Pieces: AsyncSequence, Sendable {
        let body: FileBody

        func makeAsyncIterator() -> Iterator {
            Iterator(reader: Reader(body))
        }

        struct Iterator: AsyncIteratorProtocol {
            fileprivate var reader: Reader

            mutating func next() async throws -> ByteBuffer? {
                try reader.next()
            }
        }
    }

    /// The prefix, the chunks of the file, then the suffix.
    fileprivate struct Reader {
        private enum Stage {
            case prefix, end
            case file(OpenFile, StreamingDigest, left: Int)
        }

        private let body: FileBody
        private var stage = Stage.prefix

        init(_ body: FileBody) {
            self.body = body
        }

        mutating func next() throws -> ByteBuffer? {
            switch stage {
            case .prefix:
                stage = .file(try open(), StreamingDigest(), left: body.file.size)
                return body.prefix.isEmpty ? try next() : ByteBuffer(bytes: body.prefix)
            case .file(_, let digest, left: 0):
                try check(digest)
                stage = .end
                return body.suffix.isEmpty ? nil : ByteBuffer(bytes: body.suffix)
            case .file(let file, let digest, let left):
                return try next(of: file, digest, left)
            case .end:
                return nil
            }
        }

        private mutating func next(of file: OpenFile, _ digest: StreamingDigest, _ left: Int) throws -> ByteBuffer {
            var digest = digest
            var piece = ByteBuffer()
            do throws(FileBytes.Failure) {
                piece = try file.nextPiece()
            } catch {
                throw Failure.unreadable(error)
            }
            guard (1...left).contains(piece.readableBytes) else { throw Failure.changed }
            piece.withUnsafeReadableBytes { digest.update($0) }
            if piece.readableBytes == left { try check(digest) }
            stage = .file(file, digest, left: left - piece.readableBytes)
            return piece
        }

        private func check(_ digest: StreamingDigest) throws {
            guard digest.hexadecimal == body.file.sha256 else { throw Failure.changed }
        }

        private func open() throws -> OpenFile {
            do throws(FileBytes.Failure) {
                return try OpenFile(body.file.path)
            } catch {
                throw Failure.unreadable(error)
            }
        }
    }
}

extension OpenFile {
    /// Reads the next chunk; empty at the end of the file.
    fileprivate func nextPiece() throws(FileBytes.Failure) -> ByteBuffer {
        var piece = ByteBufferAllocator().buffer(capacity: Self.pieceSize)
        var failure: FileBytes.Failure?
        piece.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceSize) { buffer in
            do throws(FileBytes.Failure) {
                return try read(into: buffer)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return piece
    }
}
