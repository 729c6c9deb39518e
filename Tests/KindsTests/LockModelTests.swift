import Engine
import Fakes
import Language
import Records
import Testing
import Wire

@Suite("The models of locks")
struct LockModelTests {
    @Test("They are nobody's objects: no plan shows them, asks more because of them, or removes them")
    func nobodys() async throws {
        let stack = try TestStack()
        let spec = "registeredModels: {m: {onDelete: delete}}\nexperiments: {e: {onDelete: delete}}\n"
        try await stack.apply(spec)
        stack.mlflow.cut(.never)
        #expect(try await stack.plan(spec).isEmpty)
        let before = stack.mlflow.arrivals.count
        let lock = MLflowLock(stack.mlflow.server(), stack: StackName("helpdesk"))
        let holder = LockHolder(id: "i", name: "anna", host: "desk", purpose: "apply")
        for _ in 1...3 {
            guard case .taken(let lease) = try await lock.claim(as: holder) else { continue }
            try await lock.release(lease)
        }
        stack.mlflow.cut(.never)
        #expect(try await stack.plan(spec).isEmpty)
        #expect(stack.mlflow.arrivals.count == before)
        try await stack.apply("", Permissions(allowEmpty: true))
        let names = stack.mlflow.store.registeredModels.map(\.name)
        #expect(names == ["drover.lock.helpdesk.2", "drover.lock.helpdesk.3"])
    }
}
