import Language

/// Checks whether the servers have what a stack needs, without changing anything. Unlike a plan, it continues after
/// problems, and it also checks what a plan takes on trust.
package struct Examiner: Sendable {
    private let workflow: Workflow
    private let drivers: [any Driver]
    private let record: Record

    package init(_ workflow: Workflow, drivers: [any Driver], record: Record) {
        self.workflow = workflow
        self.drivers = drivers
        self.record = record
    }

    /// The findings, in the order of the spec; a declaration whose server is not at hand has none.
    package func examine() async throws -> [Finding] {
        let surveys = try await surveys()
        var outputs = Outputs()
        var findings: [Address: [Finding]] = [:]
        for address in workflow.graph.ordered {
            guard let declaration = workflow[address], let survey = surveys[address.kind] else { continue }
            if let cause = cause(of: address, findings) {
                findings[address] = [Finding(address, .skipped(because: cause))]
                continue
            }
            switch survey {
            case .failure(let problem): findings[address] = [Finding(declaration, problem)]
            case .success(let survey):
                let seen = try await look(at: declaration, in: survey, given: outputs)
                outputs[address] = seen.outputs
                findings[address] = seen.findings
            }
        }
        return workflow.declarations.flatMap { findings[$0.address] ?? [] }
    }

    /// What each kind has on its server, or why that could not be found out.
    private func surveys() async throws -> [String: Result<Survey, Diagnostic>] {
        try await withThrowingTaskGroup(of: (String, Result<Survey, Diagnostic>).self) { group in
            for driver in drivers {
                group.addTask {
                    do {
                        return (driver.kind, .success(try await Survey.take(of: workflow, with: [driver])))
                    } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        return (driver.kind, .failure(Diagnostic.from(error, at: nil)))
                    }
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// The root cause that keeps a declaration from being looked at; nil when nothing does.
    private func cause(of address: Address, _ findings: [Address: [Finding]]) -> Address? {
        for need in (workflow.graph.dependencies(of: address) ?? []).sorted() {
            guard let bad = findings[need]?.first(where: { !$0.isGood }) else { continue }
            if case .skipped(let cause) = bad.status { return cause }
            return need
        }
        return nil
    }

    /// A separate function, so that the request releases the outputs at its end: otherwise each new output would copy
    /// all of them.
    private func look(
        at declaration: Declaration, in survey: Survey, given outputs: Outputs
    ) async throws -> (findings: [Finding], outputs: [String: Output]?) {
        guard let driver = drivers.first(where: { $0.kind == declaration.address.kind }) else { return ([], nil) }
        let request = DriverRequest(declaration, survey, record, outputs, Permissions(adopt: true))
        do {
            let preview = try await driver.preview(request)
            let warnings = preview.warnings.map { Finding(declaration.address, .limited($0.locating(declaration))) }
            return (warnings.isEmpty ? [Finding(declaration.address, .met(""))] : warnings, preview.outputs)
        } catch is CancellationError {
            throw CancellationError()
        } catch let several as Diagnostics {
            return (several.all.map { Finding(declaration, $0) }, nil)
        } catch {
            return ([Finding(declaration, Diagnostic.from(error, at: declaration.address.description))], nil)
        }
    }
}
