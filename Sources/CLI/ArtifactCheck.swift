import Engine
import FoundationEssentials
import Kinds
import Language
import Runtime
import Suites
import Wire

/// Asks the version as it is logged, as MLflow's own `pyfunc` loads it, the first question of a gate: what is promoted is
/// Python.
struct ArtifactCheck {
    let stack: Stack
    let gate: Gate

    /// Why it does not answer; nil when it does.
    func problem(in session: Session) async throws -> Diagnostic? {
        guard let suite = try stack.suites().first(where: { $0.name == gate.address.name }),
            let turn = suite.cases.first?.turns.first
        else { return nil }
        guard let uri = try await session.lookup().place(of: gate.terms.agent, isApplied: true)?.modelURI else {
            return nil
        }
        let python = stack.environment["DROVER_MLFLOW_PYTHON"] ?? "python3"
        var program = ProgramFunction(
            [python, "-c", Kinds.loggedVersionQuestion], in: session.servers.folder.rootDirectory,
            timeout: .seconds(300), environment: stack.environment)
        program.subject = "It"
        do {
            let answer = try await withTemporaryPath { certificate in
                var loading = program
                // The version runs as it does elsewhere: with the tokens, certificates and addresses that it reads from the
                // environment.
                loading.passedOn = try session.clientEnvironment(certificate)
                return try await loading.call(["model": .string(uri), "question": .string(turn.input.text)])
            }
            // What it loads may print, too: the answer is the last line.
            let line = answer.split(separator: "\n").last ?? ""
            let told = try? Value(json: line.utf8)
            if let module = told?["lacking"]?.string { return .pythonLacks(module, python, uri, gate) }
            if let reason = told?["error"]?.string { return .artifactRaised(uri, reason, gate) }
            return told?["answers"]?.bool == true ? nil : .artifactIsSilent(uri, gate)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let reason = (error as? FunctionFailure)?.message ?? Diagnostic.from(error, at: nil).detail
            return .artifactFailed(uri, python, reason, gate)
        }
    }
}

extension Diagnostic {
    fileprivate static func artifactIsSilent(_ uri: String, _ gate: Gate) -> Diagnostic {
        Diagnostic(
            "artifact-failed", "The logged version does not answer",
            detail: "`\(uri)`, loaded by MLflow, gave an answer without text, refusal or call.",
            fix: "Load it with `mlflow.pyfunc.load_model` and look.", address: gate.address.description, cause: .failed)
    }

    fileprivate static func pythonLacks(
        _ module: String, _ python: String, _ uri: String, _ gate: Gate
    ) -> Diagnostic {
        Diagnostic(
            "artifact-unknown", "The logged version could not be tried",
            detail: "`\(python)` was to load `\(uri)` for `verify: artifact`, and has no module `\(module)`.",
            fix: "Name a Python with MLflow in DROVER_MLFLOW_PYTHON.", address: gate.address.description,
            cause: .inconclusive)
    }

    fileprivate static func artifactRaised(_ uri: String, _ reason: String, _ gate: Gate) -> Diagnostic {
        Diagnostic(
            "artifact-unknown", "The logged version raised an error",
            detail: "`\(uri)`, loaded by MLflow and asked for `verify: artifact`, raised: \(reason)"
                + (reason.hasSuffix(".") ? "" : "."),
            fix: "Mend that, and apply again; `mlflow.pyfunc.load_model` and `predict` show the same.",
            address: gate.address.description, cause: .inconclusive)
    }

    fileprivate static func artifactFailed(
        _ uri: String, _ python: String, _ reason: String, _ gate: Gate
    ) -> Diagnostic {
        Diagnostic(
            "artifact-unknown", "The logged version could not be tried",
            detail: "`\(python)` was to load `\(uri)` and ask it. \(reason)",
            fix: "Name a Python that runs, and has MLflow, in DROVER_MLFLOW_PYTHON.", address: gate.address.description,
            cause: .inconclusive)
    }
}
