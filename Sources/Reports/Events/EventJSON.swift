package import Engine
package import FoundationEssentials
package import Language
package import Wire

/// What happens during an apply, for programs: one JSON object a line. The schema is `schemas/events.schema.json`.
///
///     {"event":"planned","plan":{…},"time":"2026-01-01T12:00:00.000Z","version":1}
///     {"action":"create","address":"agents.support","event":"started","time":"…"}
///     {"address":"vectorStores.handbook","done":2,"event":"progress","text":"2 of 3 documents","total":3,"unit":"documents",…}
///     {"action":"create","address":"agents.support","event":"finished","seconds":1.25,"time":"…"}
///     {"action":"check","address":"suites.golden","event":"finished","evidence":{"at":"…","run":"1d2c…"},"seconds":0,"time":"…"}
///     {"action":"check","address":"suites.golden","event":"finished","overridden":"the model is down","seconds":0,"time":"…"}
///     {"counts":{"create":1,…},"event":"summary","failed":0,"skipped":0,"succeeded":true,…}
///
/// What a command ends with is told by the command itself, as one more event.
package struct EventJSON: Sendable {
    package static let version = 1

    /// How diagnostics are told.
    private let tell: @Sendable ([Diagnostic]) -> Value

    package init(_ tell: @escaping @Sendable ([Diagnostic]) -> Value) {
        self.tell = tell
    }

    /// The first event: what would be done.
    package func planned(
        _ plan: Plan, servers: [ConnectedServer], endangered: [EndangeredSuite], requests: Int?, at time: Date
    ) throws -> Value {
        let value = try PlanJSON.value(plan, servers: servers, endangered: endangered, requests: requests)
        return Self.event("planned", ["version": .integer(Self.version), "plan": value], at: time)
    }

    package func value(_ event: Event, at time: Date) -> Value {
        switch event {
        case .started(let address, let action):
            Self.event("started", Self.place(address, action), at: time)
        case .progress(let address, let advance):
            Self.event("progress", Self.place(address).merging(advance.members) { first, _ in first }, at: time)
        case .warned(let address, let warning):
            Self.event("warning", Self.place(address).merging(told(warning)) { first, _ in first }, at: time)
        case .finished(let address, let action, let elapsed):
            Self.event(
                "finished",
                Self.place(address, action).merging(["seconds": Self.seconds(elapsed)]) { first, _ in first }, at: time)
        case .passed(let address, let standing):
            Self.event("finished", Self.place(address, .check).merging(Self.members(standing)) { $1 }, at: time)
        case .overridden(let address, let reason):
            Self.event(
                "finished",
                Self.place(address, .check).merging(["seconds": .number(0), "overridden": .string(reason)]) { $1 },
                at: time)
        case .failed(let address, let action, let problem):
            Self.event("failed", Self.place(address, action).merging(told(problem)) { first, _ in first }, at: time)
        case .skipped(let address, let cause):
            Self.event(
                "skipped", Self.place(address).merging(["because": .string(cause.description)]) { first, _ in first },
                at: time)
        }
    }

    private static func members(_ standing: StandingResult?) -> [String: Value] {
        var members: [String: Value] = ["seconds": .number(0)]
        members["evidence"] = standing.map { ["at": .string($0.at), "run": .string($0.run)] }
        return members
    }

    /// A warning that is about no operation in particular.
    package func warning(_ warning: Diagnostic, at time: Date) -> Value {
        var members = told(warning)
        members["address"] = warning.address.map { .string($0) }
        return Self.event("warning", members, at: time)
    }

    /// The lock is waited for.
    package func waiting(_ holder: String, at time: Date) -> Value {
        Self.event("waiting", ["holder": .string(holder)], at: time)
    }

    /// The first signal came: nothing new is started.
    package func interrupted(running: [Address], at time: Date) -> Value {
        Self.event("interrupted", ["running": .array(running.map { .string($0.description) })], at: time)
    }

    package func summary(_ applied: Applied, elapsed: Duration, requests: Int, at time: Date) -> Value {
        let counts = Action.allCases.filter { $0 != .keep }.map { ($0.rawValue, Value.integer(applied.count($0))) }
        let isWhole = applied.failures.isEmpty && !applied.wasInterrupted
        return Self.event(
            "summary",
            [
                "succeeded": .bool(isWhole), "counts": .object(Dictionary(uniqueKeysWithValues: counts)),
                "failed": .integer(applied.failures.count), "skipped": .integer(applied.skippedCount),
                "interrupted": .bool(applied.wasInterrupted), "seconds": Self.seconds(elapsed),
                "requests": .integer(requests),
            ], at: time)
    }

    /// The last event, whatever happened.
    /// - Parameter members: What the command ends with.
    package func ended(_ members: [String: Value], _ problems: [Diagnostic], at time: Date) -> Value {
        Self.event("ended", members.merging(["diagnostics": tell(problems)]) { $1 }, at: time)
    }

    private func told(_ diagnostic: Diagnostic) -> [String: Value] {
        ["diagnostic": tell([diagnostic]).array?.first ?? .null]
    }

    private static func event(_ name: String, _ members: [String: Value], at time: Date) -> Value {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return .object(members.merging(["event": .string(name), "time": .string(time.formatted(style))]) { $1 })
    }

    private static func place(_ address: Address, _ action: Action? = nil) -> [String: Value] {
        var members: [String: Value] = ["address": .string(address.description)]
        members["action"] = action.map { .string($0.rawValue) }
        return members
    }

    private static func seconds(_ duration: Duration) -> Value {
        .number((duration / .milliseconds(1)).rounded() / 1000)
    }
}

extension Advance {
    fileprivate var members: [String: Value] {
        var members: [String: Value] = ["text": .string(spelled)]
        if case .counted(let done, let total, let unit) = self {
            members["done"] = .integer(done)
            members["total"] = .integer(total)
            members["unit"] = .string(unit)
        }
        return members
    }
}
