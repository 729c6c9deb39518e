package import Language

/// The response of a server that was asked for a stream.
package enum StreamedReply {
    /// Events as they arrive.
    case events(any AsyncSequence<ServerSentEvent, any Error>)
    /// The whole body, from a server that does not stream.
    case whole(Value)
}
