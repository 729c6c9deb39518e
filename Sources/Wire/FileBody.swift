package import Language
import NIOCore

/// A request body with a file in it that is read while it is sent.
///
/// Its digest is compared before the last byte leaves: a server never gets the whole of a file that is not what was
/// planned.
package struct FileBody: Sendable, Hashable {
    /// What comes before the file.
    package var prefix: [UInt8]
    package var file: FileContent
    /// What comes after it; never empty, so that the file can be checked before the request is whole.
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

    /// Why a file was not sent: the request was cut off.
    package enum Failure: Error, Sendable, Hashable {
        /// It has other content than it had when its digest was taken.
        case changed
        case unreadable(FileBytes.Failure)
    }

    /// All of it, for those who cannot stream.
    package func collected() throws -> [UInt8] {
        var reader = Reader(self)
        var bytes: [UInt8] = []
        while let piece = try reader.next() { bytes += piece.readableBytesView }
        return bytes
    }
}

extension FileBody {
    /// All of it, piece by piece, as it is read.
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

    /// Prefix, pieces of the file, suffix.
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
    /// What comes next; empty at the end.
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
