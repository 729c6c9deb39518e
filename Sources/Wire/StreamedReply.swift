package import Language

/// How a server answers that was asked for a stream.
package enum StreamedReply {
    /// As it arrives.
    case events(any AsyncSequence<ServerSentEvent, any Error>)
    /// At once: the server does not stream.
    case whole(Value)
}
