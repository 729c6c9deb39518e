package import Language

/// An artifact folder that the server stores: `mlflow-artifacts:/1/models/m-…/artifacts`.
package struct MLflowArtifactFolder: Sendable, Hashable {
    /// Relative to the artifact root, without a slash at either end.
    let path: String

    /// - Throws: `Diagnostic` when the server does not store the files itself (`s3://…`, `file:…`): only a client with
    ///   its own access to that storage could write them.
    package init(uri: String) throws {
        let scheme = "mlflow-artifacts:"
        guard uri.hasPrefix(scheme) else { throw Diagnostic.artifactsNotServed(uri) }
        var path = uri.dropFirst(scheme.count)
        if path.hasPrefix("//") {  // With a host, which the server ignores here.
            path = path.dropFirst(2).drop { $0 != "/" }
        }
        self.path = String(path.drop { $0 == "/" })
    }

    private init(path: String) {
        self.path = path
    }

    /// A folder in this one.
    package func folder(_ name: String) -> MLflowArtifactFolder {
        MLflowArtifactFolder(path: "\(path)/\(name)")
    }
}

/// A file or a folder in an artifact folder.
package struct MLflowArtifact: Sendable, Hashable, Decodable {
    /// Its path relative to the listed folder.
    package var path: String
    package var isFolder: Bool
    /// In bytes.
    package var size: Int

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        path = try fields.decode(String.self, forKey: .path)
        isFolder = try fields.decodeIfPresent(Bool.self, forKey: .isFolder) ?? false
        size = try fields.decodeIfPresent(Int.self, forKey: .size) ?? 0  // Omitted for an empty file.
    }

    private enum CodingKeys: String, CodingKey {
        case path
        case isFolder = "is_dir"
        case size = "file_size"
    }
}

private struct ArtifactList: Decodable, Sendable {
    var files: [MLflowArtifact]?
}

extension MLflowServer {
    /// Writes a file, replacing an existing one: `PUT /api/2.0/mlflow-artifacts/artifacts/{path}`.
    package func putArtifact(_ bytes: [UInt8], named name: String, in folder: MLflowArtifactFolder) async throws {
        try await putArtifact(.bytes(bytes, contentType: Self.artifactType), name, folder)
    }

    /// Writes a file from disk, which is read while it is sent.
    /// - Throws: `FileBody.Failure` when the file has changed; `WireError`.
    package func putArtifact(_ file: FileContent, named name: String, in folder: MLflowArtifactFolder) async throws {
        try await putArtifact(.file(FileBody(file: file), contentType: Self.artifactType), name, folder)
    }

    /// A file may be hundreds of megabytes.
    private static let longestRead = Duration.seconds(300)
    private static let artifactType = "application/octet-stream"

    private func putArtifact(_ body: Call.Body, _ name: String, _ folder: MLflowArtifactFolder) async throws {
        _ = try await endpoint.send(
            Call("write the artifact `\(name)`", .put, Self.artifactPath(folder, name), body: body))
    }

    /// Reads a file: `GET /api/2.0/mlflow-artifacts/artifacts/{path}`.
    package func artifact(named name: String, in folder: MLflowArtifactFolder) async throws -> [UInt8] {
        try await endpoint.send(
            Call(
                "read the artifact `\(name)`", .get, Self.artifactPath(folder, name),
                timeout: max(Self.longestRead, endpoint.timeout))
        ).body
    }

    /// The same; nil when it is not there: MLflow answers 404 since 3.6, earlier versions answer 500 to every failure,
    /// so that the folder that would hold it is listed.
    package func artifactIfPresent(named name: String, in folder: MLflowArtifactFolder) async throws -> [UInt8]? {
        do {
            return try await artifact(named: name, in: folder)
        } catch let error as WireError where error.isMissing || error.status == 404 {
            return nil
        } catch let error as WireError where error.status == 500 {
            let parts = name.split(separator: "/")
            let parent = parts.dropLast().reduce(folder) { $0.folder(String($1)) }
            let isThere = try await artifacts(in: parent).contains { $0.path == parts.last.map(String.init) }
            guard !isThere else { throw error }
            return nil
        }
    }

    /// The contents of a folder, empty when it does not exist: `GET /api/2.0/mlflow-artifacts/artifacts?path=`.
    package func artifacts(in folder: MLflowArtifactFolder) async throws -> [MLflowArtifact] {
        let call = Call("list the artifacts", .get, artifactsRoute, query: [("path", folder.path)])
        return try await endpoint.decode(call, as: ArtifactList.self).files ?? []
    }

    private static func artifactPath(_ folder: MLflowArtifactFolder, _ name: String) -> String {
        "\(artifactsRoute)/\(PercentEncoding.path("\(folder.path)/\(name)"))"
    }
}

private let artifactsRoute = "/api/2.0/mlflow-artifacts/artifacts"

extension Diagnostic {
    fileprivate static func artifactsNotServed(_ uri: String) -> Diagnostic {
        Diagnostic(
            "artifacts-not-served", "The MLflow server does not keep artifacts itself",
            detail: "The files of a logged model would have to go to `\(uri)`, where only a client with its own access "
                + "to that place can write.",
            fix: "Start MLflow with `--serve-artifacts` and `--artifacts-destination`, and use an experiment whose "
                + "artifact location starts with `mlflow-artifacts:`.",
            cause: .lacking
        )
    }
}
