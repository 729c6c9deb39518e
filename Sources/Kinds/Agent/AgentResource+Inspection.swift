package import Engine
import Language
import Runtime
import Wire

/// Whether the files of the version that counts are those that drover logged. MLflow lets anybody overwrite them, and
/// lists only their sizes.
extension AgentResource {
    private static let placeFile = "llamastack.json"

    package func inspect(
        _ live: Live, as desired: Desired, at address: Address, _ inspection: Inspection
    ) async throws -> Inspected {
        guard let mlflow, let current = live.current, let id = current.modelID, !live.isModelGone,
            let definition = current.definition
        else { return Inspected() }
        let model = try await mlflow.loggedModel(id)
        let folder = try MLflowArtifactFolder(uri: model.artifactURI)
        let logged = try ModelFolder(
            of: definition, llamaStackURL: llamaStack.endpoint.base, modelID: id, runID: current.runID,
            created: model.created)
        let isOurCode = try artifactDigest(definition) == current.digest
        // Other code was logged by another version of drover, which is a change of the plan.
        let files = logged.files.filter { isOurCode || $0.name == AgentVersion.definitionFile }
        let sizes = try await mlflow.fileSizes(in: folder)
        let checked = try await files.concurrentMap(limit: 8) { file in
            try await Self.check(file, size: sizes[file.name], in: folder, on: mlflow, inspection)
        }
        var inspected = Inspected()
        for (file, problem) in zip(files, checked) {
            switch problem {
            case nil: continue
            case .moved(let base): inspected.warnings.append(.otherPlace(base, llamaStack.endpoint.base, address))
            case .altered(let how):
                inspected.fields.append(
                    FieldChange(
                        "files.\(file.name)", cause: .drift,
                        note: "\(how): delete the logged model \(id) in MLflow, and the next apply logs it anew"))
            }
        }
        return inspected
    }

    private enum Problem: Sendable {
        case altered(String)
        /// It names another Llama Stack than the present one.
        case moved(String)
    }

    private static func check(
        _ file: (name: String, bytes: [UInt8]), size: Int?, in folder: MLflowArtifactFolder, on mlflow: MLflowServer,
        _ inspection: Inspection
    ) async throws -> Problem? {
        guard let size else { return .altered("was deleted on the server") }
        let isPlace = file.name == placeFile
        if size != file.bytes.count, !isPlace {
            return .altered("was overwritten (\(size) bytes, and \(file.bytes.count) were logged)")
        }
        guard inspection == .contents else { return nil }
        let bytes = try await mlflow.artifact(named: file.name, in: folder)
        guard bytes != file.bytes else { return nil }
        guard isPlace, let base = (try? Value(json: bytes))?["baseUrl"]?.string else {
            return .altered("was overwritten")
        }
        return .moved(base)
    }
}

extension MLflowServer {
    /// The sizes of all files in a folder and in those in it, by their paths.
    fileprivate func fileSizes(in folder: MLflowArtifactFolder) async throws -> [String: Int] {
        var sizes: [String: Int] = [:]
        for artifact in try await artifacts(in: folder) {
            guard artifact.isFolder else {
                sizes[artifact.path] = artifact.size
                continue
            }
            let inside = try await fileSizes(in: folder.folder(artifact.path))
            for (path, size) in inside { sizes["\(artifact.path)/\(path)"] = size }
        }
        return sizes
    }
}

extension Diagnostic {
    fileprivate static func otherPlace(_ base: String, _ now: String, _ address: Address) -> Diagnostic {
        Diagnostic(
            "other-llama-stack", "A logged agent that asks another Llama Stack",
            detail: "The version that was logged of `\(address)` asks \(base), and the stack is at \(now) now.",
            fix: "Nothing has to be done where that server is right, or where the agent's environment names another.",
            address: address.description, severity: .warning)
    }
}
