package import Language

/// A kind whose things live in what uses them and nowhere else: nothing of it is ever found, made or taken away.
extension Resource where Live == Never {
    package static var onDelete: OnDelete { .retain }

    package func discover(_ wanted: [Address: Spec], of stack: StackName) async throws -> [Discovered<Never>] { [] }

    package func differences(between live: Never, and desired: Desired, since last: AppliedFields) -> [FieldChange] {}

    package func fields(of desired: Desired) -> AppliedFields { [:] }

    package func create(_ desired: Desired, at address: Address, in context: ApplyContext) async throws -> Never {
        preconditionFailure("`\(address)` lives in what uses it and is never created.")
    }

    package func update(
        _ live: Never, to desired: Desired, since last: AppliedFields, at address: Address, in context: ApplyContext
    ) async throws -> Never {}

    package func delete(_ live: Never, at address: Address, in context: ApplyContext) async throws {}

    package func mark(_ live: Never, as address: Address, in context: ApplyContext) async throws -> Never {}

    package func forget(_ live: Never, at address: Address, in context: ApplyContext) async throws {}

    package func outputs(of live: Never) -> [String: Value] {}
}
