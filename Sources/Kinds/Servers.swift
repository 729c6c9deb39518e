package import Engine
package import Language
package import Wire

/// The servers of a run, and what else the kinds share.
package struct Servers: Sendable {
    package var stack: StackName
    package var llamaStack: LlamaStack?
    package var mlflow: MLflowServer?
    package var folder: SpecFolder
    /// For everything but the two servers: MCP servers, functions, documents.
    package var transport: any HTTPTransport
    /// The git commit of the spec; nil outside a repository.
    package var commit: String?
    /// Who runs drover, for notes on the servers.
    package var actor = "unknown"
    /// How long to wait for the result of a request whose response was lost.
    package var patience = Duration.seconds(15)
    /// Reports what is waited for while the servers are surveyed.
    package var tell: @Sendable (String) -> Void = { _ in }

    package init(
        stack: StackName, llamaStack: LlamaStack?, mlflow: MLflowServer?, folder: SpecFolder,
        transport: any HTTPTransport, commit: String?
    ) {
        self.stack = stack
        self.llamaStack = llamaStack
        self.mlflow = mlflow
        self.folder = folder
        self.transport = transport
        self.commit = commit
    }
}

/// What the drivers of one run are created from: the available servers, and listings that several kinds share, each
/// requested at most once.
package struct DriverContext: Sendable {
    /// Available only with Llama Stack.
    struct Stack: Sendable {
        let server: LlamaStack
        let models: ModelListing
        let providers: ProviderListing
        let runtimes: ChosenRuntimes
    }

    /// Available only with MLflow.
    struct Tracking: Sendable {
        let server: MLflowServer
        let registry: Registry
    }

    package let servers: Servers
    let workflow: Workflow
    let llamaStack: Stack?
    let mlflow: Tracking?

    init(_ servers: Servers, for workflow: Workflow) {
        self.servers = servers
        self.workflow = workflow
        llamaStack = servers.llamaStack.map { server in
            Stack(
                server: server, models: ModelListing(server, declared: workflow.models),
                providers: ProviderListing(server),
                runtimes: ChosenRuntimes(workflow, on: server.capabilities))
        }
        mlflow = servers.mlflow.map { Tracking(server: $0, registry: Registry($0)) }
    }
}
