import Glibc
import NIOCore

/// The last connections of a server that is to listen no more: none is lost that was made before.
///
/// A listening socket that is closed resets what the system has connected and nobody has accepted. So the system first passes
/// over what begins a connection, and accepts the last steps of those that have begun; a client that is passed over tries again
/// after a second, and is refused then.
struct LastConnections: Sendable {
    private let socket: any SocketOptionProvider

    /// nil where the socket takes no options.
    init?(at listening: any Channel) {
        guard let socket = listening as? any SocketOptionProvider else { return nil }
        self.socket = socket
    }

    /// How long nobody waits to be accepted before all have come.
    private static let rest = Duration.milliseconds(200)

    /// Lets none begin any more, and returns when all that had begun are accepted, or the time is over. Where the system cannot
    /// do that, it returns at once.
    func arrive(until end: ContinuousClock.Instant) async {
        // Whoever comes would make it wait for the next one.
        guard (try? await letNoneBegin()) != nil else { return }
        var last = ContinuousClock.now
        repeat {
            if await waiting > 0 { last = .now }
            // A cancelled sleep ends the wait.
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
        } while last.duration(to: .now) < Self.rest && ContinuousClock.now < end
    }

    /// How many connections nobody has accepted yet.
    var waiting: Int {
        get async {
            // Of a socket that listens, Linux tells that in this field; where it tells nothing, nobody is waited for.
            ((try? await socket.getTCPInfo().get())?.tcpi_unacked).map(Int.init) ?? 0
        }
    }

    /// - Throws: Where the system cannot do that.
    func letNoneBegin() async throws {
        let program = UnsafeMutableBufferPointer<Instruction>.allocate(capacity: Self.passesOverFirst.count)
        defer { program.deallocate() }
        _ = program.initialize(from: Self.passesOverFirst)
        let filter = Filter(
            count: UInt16(program.count), program: program.baseAddress.map { UInt(bitPattern: $0) } ?? 0)
        try await socket.unsafeSetSocketOption(level: .socket, name: Self.attachFilter, value: filter).get()
    }

    /// `SO_ATTACH_FILTER`: a program looks at each segment, from its header, and says how many bytes of it are taken.
    private static let attachFilter = NIOBSDSocket.Option(rawValue: 26)

    /// Of what has SYN and not ACK among its flags (the byte 13), none.
    private static let passesOverFirst = [
        Instruction(code: 0x30, value: 13),  // Loads the byte.
        Instruction(code: 0x54, value: 0x12),  // Keeps the two flags.
        Instruction(code: 0x15, ifFalse: 1, value: 0x02),  // Passes over the next one where it is not SYN alone.
        Instruction(code: 0x06, value: 0),
        Instruction(code: 0x06, value: .max),
    ]

    /// `struct sock_filter` of Linux.
    private struct Instruction {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var value: UInt32
    }

    /// `struct sock_fprog` of Linux.
    private struct Filter: Sendable {
        var count: UInt16
        /// The address of its first instruction.
        var program: UInt
    }
}
