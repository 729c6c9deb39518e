package import Language

extension WireError {
    /// The error as shown to the user: what was tried, where, what the server said, and what to do.
    ///
    /// - Parameters:
    ///   - subject: the declaration that asked for it, where there is one.
    ///   - address: the declared thing it concerns, such as `agents.support`.
    package func diagnostic(at subject: SourceRange? = nil, address: String? = nil) -> Diagnostic {
        let told = story
        var diagnostic = Diagnostic(
            told.code, told.summary, detail: detail(told.said), fix: told.fix, at: subject, address: address,
            cause: .unavailable
        )
        diagnostic.retryAfter = retryAfter
        diagnostic.isRefusal = isRefusal
        return diagnostic
    }

    private struct Story {
        var code: Diagnostic.Code
        var summary: String
        /// What happened, the end of a sentence that begins with the operation.
        var said: String
        var fix: String?
    }

    private var story: Story {
        switch cause {
        case _ where isPutOff: busy
        case .transport(.unreachable): unreachable
        case .transport(.tooManyOpenFiles):
            Story(
                code: "too-many-open-files", summary: "Too many open files",
                said: "no connection to \(service) can be opened: \(message)", fix: OpenFileLimit.fix
            )
        case .transport(.tls): untrusted
        case .transport(.timeout):
            Story(
                code: "server-timeout", summary: "The server did not answer in time", said: "\(service): \(message)",
                fix: "Run it again; what was done already is found. If the server is only slow, give it more time."
            )
        case .transport(.broken):
            Story(
                code: "connection-broken", summary: "The connection to the server broke",
                said: "\(service): \(message)",
                fix: "See the server's log, and run it again; what was done already is found."
            )
        case .unreadable: unreadable
        case .stream:
            Story(
                code: "stream-broken", summary: "The answer broke off",
                // The server's message, or ours when there is none.
                said: message.isEmpty ? saying : message,
                fix: "See the server's log, and run it again."
            )
        case .status(let status): refused(status)
        }
    }

    private var busy: Story {
        Story(
            code: "server-busy", summary: "The server allows no more requests now",
            said: cause == .stream && !message.isEmpty ? message : saying,
            fix: "Run it again later, or with fewer requests at a time."
        )
    }

    private var unreachable: Story {
        Story(
            code: "server-unreachable", summary: "The server cannot be reached",
            said: "\(service) cannot be reached at `\(base)`: \(message)",
            fix: message.hasPrefix(TransportFailure.proxyRefusal)
                ? "Name the host in `NO_PROXY` to reach it without the proxy, or let the proxy connect to it (CONNECT)."
                : isServedAgent
                    ? "Is the agent being served? Check the host and the port in its address."
                    : """
                    Is the server running? `drover lab up` starts a local one; another one is named with \(addressSetting).
                    """
        )
    }

    private var untrusted: Story {
        Story(
            code: "tls-failure", summary: "No secure connection to the server",
            said: "a secure connection to `\(base)` failed: \(message)",
            fix: message.contains("does not speak TLS")
                ? "Write `http://` in the server's URL if it serves no TLS."
                : isServedAgent
                    ? "Name a file with the server's certificate authority in `SSL_CERT_FILE`."
                    : "Name the server's certificate authority in `\(tlsSetting).caFile` (in tests, `insecure: true`)."
        )
    }

    private var unreadable: Story {
        Story(
            code: "unexpected-answer", summary: "The server's answer is not the one expected", said: saying,
            fix: "Is `\(base)` really \(service)? Check the host and the port."
        )
    }

    private func refused(_ status: Int) -> Story {
        let code = Diagnostic.Code("server-error")
        switch status {
        case 403 where message.contains("Invalid Host header"):
            return Story(
                code: "access-denied", summary: "The server refused the host name", said: saying,
                fix: """
                    MLflow answers only to the host names that it was started with: start it with `--allowed-hosts` and \
                    the host name in `\(base)`, or use a name that it allows, such as `localhost`.
                    """
            )
        case 401, 403:
            return Story(
                code: "access-denied",
                summary: status == 401 ? "The server wants a credential" : "The server denied access", said: saying,
                fix: status == 401
                    ? "Check the credential in \(credentialSetting): it must be set and valid."
                    : "Ask for the right to do this, or use another credential in \(credentialSetting)."
            )
        case 404 where message.isEmpty || message == "Not Found":
            return Story(
                code: code, summary: "The server does not know this route", said: saying,
                fix: "Is `\(base)` really \(service), and with the right path prefix? Check the URL."
            )
        case 400...499 where code == "RESOURCE_ALREADY_EXISTS" || message.contains(PlainReason.race):
            return Story(
                code: code, summary: "The server refused a request", said: saying,
                fix: "If another apply of the same stack is running, wait until it has ended; then run it again."
            )
        case 500...:
            return Story(
                code: code, summary: "The server failed", said: saying, fix: "See the server's log, and run it again."
            )
        case _:
            return Story(code: code, summary: "The server refused a request", said: saying)
        }
    }

    /// The status and the server's own message.
    private var saying: String {
        let said = message.isEmpty ? "\(service) said nothing more" : "\(service) said: \(message)"
        guard let status else { return said }
        return "\(said) (status \(status)\(code.map { ", `\($0)`" } ?? ""))"
    }

    private func detail(_ said: String) -> String {
        let tried = attempts > 1 ? " It was tried \(attempts) times." : ""
        let end = said.hasSuffix(".") || said.hasSuffix("…") ? "" : "."
        return "Could not \(operation) (`\(method.rawValue) \(path)` at `\(base)`): \(said)\(end)\(tried)"
    }

    private var isMLflow: Bool {
        service == "MLflow"
    }

    private var isServedAgent: Bool {
        service == ServedAgent.service
    }

    private var addressSetting: String {
        isMLflow ? "`servers.mlflow.url` or `MLFLOW_TRACKING_URI`" : "`servers.llamastack.url` or `LLAMASTACK_BASE_URL`"
    }

    private var tlsSetting: String {
        isMLflow ? "servers.mlflow.tls" : "servers.llamastack.tls"
    }

    private var credentialSetting: String {
        if isServedAgent { return "`DROVER_SERVED_TOKEN` (or `DROVER_SERVED_USERNAME` and `DROVER_SERVED_PASSWORD`)" }
        return isMLflow
            ? "`servers.mlflow` (`username` and `password`, or `token`; or `MLFLOW_TRACKING_USERNAME` and so on)"
            : "`servers.llamastack.apiKey` (or `LLAMASTACK_API_KEY`)"
    }
}

extension WireError: Diagnosable {
    package func diagnostic(address: String?) -> Diagnostic {
        diagnostic(at: nil, address: address)
    }
}
