package import Language

/// What replacements, promotions and cut-off runs leave.
extension ResourceDriver {
    package func abandon(_ intent: Value) async throws { try await resource.abandon(intent) }

    package func unfinished(among leftovers: [Member], _ request: DriverRequest) async throws -> Int? {
        let lives = leftovers.compactMap(live)
        precondition(lives.count == leftovers.count, "A driver is asked about what it found.")
        let (wanted, _) = try await decide(request)
        return wanted.unknown.isEmpty ? resource.unfinished(among: lives, for: wanted.desired) : nil
    }

    package func areUsed(_ members: [Member], after beforehand: Beforehand) async throws -> [Bool] {
        let lives = members.compactMap(live)
        precondition(lives.count == members.count, "A driver is asked about what it found.")
        return try await resource.areUsed(lives, after: beforehand)
    }
}
