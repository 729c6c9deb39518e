import Language

/// An MLflow tracking server and model registry, 3.5.1 or later; one file beside this one for each group of routes.
///
/// The routes were read from MLflow 3.18.0 and 3.17.2. Requests that create another object each time (runs, logged
/// models, model versions) are never repeated blindly: after a lost response, the caller looks for the object first.
package struct MLflowServer: Sendable {
    package let endpoint: Endpoint

    private let firstExperiments: FirstExperiments

    package init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        firstExperiments = FirstExperiments(endpoint)
    }

    /// All experiments: for the first request of a reader as of the beginning of the run, later as they are now.
    package func experiments(firstFor reader: String) async throws -> [MLflowExperiment] {
        if let first = try await firstExperiments.take(for: reader) { return first }
        return try await experiments()
    }

    /// The server's version, e.g. `3.17.2`: `GET /version`, which answers plain text.
    package func version() async throws -> String {
        let response = try await endpoint.send(Call("read the version of the server", .get, "/version"))
        return String(decoding: response.body, as: UTF8.self).filter { !$0.isWhitespace }
    }

    /// The version, after checking that MLflow answers and is new enough; `3 (not told)` when access to the version
    /// alone is denied.
    /// - Throws: `Diagnostic` when something else answers, or MLflow is older than 3.5.1 (`lacking`).
    package func checkedVersion() async throws -> String {
        let version: String
        do {
            version = try await self.version()
        } catch let error as WireError where error.status == 404 || error.status == 405 {
            throw Diagnostic.notMLflow(endpoint.base)
        } catch let error as WireError where error.status == 401 || error.status == 403 {
            guard try await hasLoggedModels(unless: error) else { throw Diagnostic.oldMLflow("2", endpoint.base) }
            return "3 (not told)"
        }
        let parts = version.split(separator: ".").prefix(3).map { Int($0.prefix(while: \.isNumber)) ?? 0 }
        guard version.count < 40, version.first?.isNumber == true, parts.count >= 2 else {
            throw Diagnostic.notMLflow(endpoint.base)
        }
        guard !parts.lexicographicallyPrecedes([3, 5, 1]) else { throw Diagnostic.oldMLflow(version, endpoint.base) }
        return version
    }

    /// Whether the server has what came with MLflow 3: `POST logged-models/search`. Used when access to the version is
    /// denied, which a proxy may do although it passes everything else.
    /// - Throws: `denied` when this is denied too.
    private func hasLoggedModels(unless denied: WireError) async throws -> Bool {
        let body: Value = ["experiment_ids": ["0"], "max_results": 1]
        do {
            _ = try await endpoint.send(
                Self.post("list the logged models", "logged-models/search", body, isRepeatable: true).reading)
            return true
        } catch let error as WireError where error.status == 404 || error.status == 405 {
            return error.code != nil  // Without a code, the route itself is unknown.
        } catch let error as WireError where error.status == 401 || error.status == 403 {
            throw denied
        }
    }

    /// What the server can do: `GET /api/3.0/mlflow/server-info`; nil on servers that do not say (3.5.1).
    package func info() async throws -> MLflowServerInfo? {
        let call = Call("read what the server can do", .get, "/api/3.0/mlflow/server-info")
        do {
            return try await endpoint.decode(call, as: MLflowServerInfo.self)
        } catch let error as WireError where error.status == 404 {
            return nil
        }
    }

    /// The path of a route of the REST API, from its part after `/api/2.0/mlflow/`.
    static func path(_ route: String) -> String {
        "/api/2.0/mlflow/" + route
    }

    /// Requests pages until one names no next page; each element once. A page begins at an offset: when something new
    /// was listed before it meanwhile, it repeats the last elements of the page before.
    func all<Page: MLflowPage>(_: Page.Type, _ call: (_ token: String?) -> Call) async throws -> [Page.Element] {
        var elements: [Page.Element] = []
        var (seen, tokens): (Set<String>, Set<String>) = ([], [])
        var token: String?
        repeat {
            let request = call(token)
            let page = try await endpoint.decode(request, as: Page.self)
            elements += (page.elements ?? []).filter { seen.insert($0.id).inserted }
            token = page.nextPageToken.flatMap { $0.isEmpty ? nil : $0 }
            if let token, !tokens.insert(token).inserted {
                throw endpoint.error(
                    .unreadable, request, message: "a page names one as the next that was there before")
            }
        } while token != nil
        return elements
    }

    /// A call that posts JSON to a route of the REST API.
    static func post(_ operation: String, _ route: String, _ body: Value, isRepeatable: Bool) -> Call {
        Call(operation, .post, path(route), body: .json(body), isRepeatable: isRepeatable)
    }

    /// Sends a deletion; a missing object is no error.
    func sendRemoval(_ call: Call) async throws {
        do {
            _ = try await endpoint.send(call)
        } catch let error as WireError where error.isMissing {}
    }
}

/// The part of `server-info` that Drover uses.
package struct MLflowServerInfo: Sendable, Hashable, Decodable {
    /// Whether artifacts go through the server (`mlflow-artifacts:`); nil when it does not say.
    package var servesArtifacts: Bool?
    package var workspacesEnabled: Bool?

    enum CodingKeys: String, CodingKey {
        case servesArtifacts = "artifact_serving_enabled"
        case workspacesEnabled = "workspaces_enabled"
    }
}

/// One page of a listing. The server omits empty lists, so both are optional.
protocol MLflowPage: Decodable, Sendable {
    associatedtype Element: Sendable & Identifiable<String>
    var elements: [Element]? { get }
    var nextPageToken: String? { get }
}

extension WireError {
    /// Whether MLflow rejected a creation because the name is taken (a deleted experiment keeps its name).
    package var isAlreadyThere: Bool {
        code == "RESOURCE_ALREADY_EXISTS"
    }

    /// Whether the requested object does not exist.
    package var isMissing: Bool {
        code == "RESOURCE_DOES_NOT_EXIST"
    }
}

extension Diagnostic {
    fileprivate static func notMLflow(_ base: String) -> Diagnostic {
        Diagnostic(
            "not-mlflow", "Something else answers there",
            detail: "`\(base)` is no MLflow server: `GET /version` did not answer with a version.",
            fix: "Check the host, the port and the path prefix in the server's URL.", cause: .unavailable)
    }

    fileprivate static func oldMLflow(_ version: String, _ base: String) -> Diagnostic {
        Diagnostic(
            "old-mlflow", "MLflow is too old",
            detail: "`\(base)` is MLflow \(version), and drover needs 3.5.1 or later.",
            fix: "Upgrade the server.", cause: .lacking)
    }
}
