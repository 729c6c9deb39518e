/// Takes pieces of the text of an answer at once, on the thread that brings them: waking a task for each costs more than all
/// else about it. What cannot be taken so is told as an event.
package struct PieceSink: Sendable {
    private let taking: @Sendable (_ make: () -> String?) -> Bool

    /// - Parameter taking: Where a piece can be taken now, makes it and takes it. Nothing is done where it cannot, or none is
    ///   made (nil); an empty one says nothing.
    package init(_ taking: @escaping @Sendable (_ make: () -> String?) -> Bool) {
        self.taking = taking
    }

    /// - Parameter make: Is called only where what it makes is taken.
    /// - Returns: Whether it was made, and taken.
    package func take(_ make: () -> String?) -> Bool {
        taking(make)
    }

    /// The same for pieces that are changed before they are taken.
    package func changing(_ change: @escaping @Sendable (String) -> String) -> PieceSink {
        PieceSink { make in self.take { make().map(change) } }
    }
}
