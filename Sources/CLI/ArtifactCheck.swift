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
    /// Whether a version that failed is asked again; else it stays failed.
    let asksAgain: Bool

    /// Why it does not answer; nil when it does. A failure is noted on the version, until it is asked again and answers.
    func problem(in session: Session) async throws -> Diagnostic? {
        guard let suite = try stack.suites().first(where: { $0.name == gate.address.name }),
            let turn = suite.cases.first?.turns.first
        else { return nil }
        guard let uri = try await session.lookup().place(of: gate.terms.agent, isApplied: true)?.modelURI else {
            return nil
        }
        let failure = FailedArtifact(uri, suite: suite.name, on: session.servers.mlflow)
        let known = try await failure?.since
        if let known, !asksAgain { return .artifactStaysFailed(uri, known, suite: suite.name) }
        let problem = try await problem(of: uri, asked: turn.input.text, in: session)
        if problem?.cause == .failed {
            try await failure?.note()
        } else if problem == nil, known != nil {
            try await failure?.forget()
        }
        return problem
    }

    private func problem(of uri: String, asked question: String, in session: Session) async throws -> Diagnostic? {
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
                return try await loading.call(["model": .string(uri), "question": .string(question)])
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

/// The note on a version that it failed as it is logged: the tag `drover.artifact.failed.SUITE` with the time.
struct FailedArtifact {
    private let server: MLflowServer
    private let model: String
    private let version: String
    private let suite: String
    private let tag: String

    /// - Returns: nil where there is no such version to note it on.
    init?(_ uri: String, suite: String, on server: MLflowServer?) {
        let parts = uri.split(separator: "/").map(String.init)
        guard let server, uri.hasPrefix("models:/"), parts.count == 3 else { return nil }
        (self.server, self.suite, model, version) = (server, suite, parts[1], parts[2])
        tag = "drover.artifact.failed.\(suite)"
    }

    /// When it failed, ISO 8601 in UTC; nil when it did not.
    var since: String? {
        get async throws {
            let versions = try await server.modelVersions(where: MLflowFilter.name(model))
            return versions.first { $0.name == model && $0.version == version }?.tags[tag]
        }
    }

    /// That it failed, and is not asked again; nil when it did not.
    var problem: Diagnostic? {
        get async throws {
            try await since.map { .artifactStaysFailed("models:/\(model)/\(version)", $0, suite: suite) }
        }
    }

    func note() async throws {
        try await server.setModelVersionTag(model, version: version, tag, to: Date().formatted(.iso8601))
    }

    func forget() async throws {
        try await server.deleteModelVersionTag(model, version: version, tag)
    }
}

extension Diagnostic {
    fileprivate static func artifactStaysFailed(_ uri: String, _ since: String, suite: String) -> Diagnostic {
        Diagnostic(
            "artifact-failed", "The logged version does not answer",
            detail:
                "`\(uri)`, loaded by MLflow, gave no answer to the suite `\(suite)` on \(since), and stays failed.",
            fix: "Change the agent, or ask the same version again with `--rerun always`, or use `--override REASON`.",
            address: "suites.\(suite)", cause: .failed)
    }

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
