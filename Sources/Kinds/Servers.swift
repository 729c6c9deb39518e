package import Engine
package import Language
package import Wire

/// The servers of a run and what else the kinds share.
package struct Servers: Sendable {
    package var stack: StackName
    package var llamaStack: LlamaStack?
    package var mlflow: MLflowServer?
    package var folder: SpecFolder
    /// To all that is neither of both: MCP servers, functions, documents.
    package var transport: any HTTPTransport
    /// The git commit of the spec; nil outside a repository.
    package var commit: String?
    /// How long what a server was asked for is waited for when its answer was lost.
    package var patience = Duration.seconds(15)

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

/// What the drivers of one run are made from: the servers at hand, and listings that several kinds share, each taken at most
/// once.
package struct DriverContext: Sendable {
    /// What is there only where Llama Stack is at hand.
    struct Stack: Sendable {
        let server: LlamaStack
        let models: ModelListing
        let providers: ProviderListing
        let runtimes: ChosenRuntimes
    }

    /// What is there only where MLflow is at hand.
    struct Tracking: Sendable {
        let server: MLflowServer
        let registry: Registry
    }

    package let servers: Servers
    let llamaStack: Stack?
    let mlflow: Tracking?

    init(_ servers: Servers, for workflow: Workflow) {
        self.servers = servers
        llamaStack = servers.llamaStack.map { server in
            Stack(
                server: server, models: ModelListing(server, declared: workflow.models),
                providers: ProviderListing(server),
                runtimes: ChosenRuntimes(workflow, on: server.capabilities))
        }
        mlflow = servers.mlflow.map { Tracking(server: $0, registry: Registry($0)) }
    }
}
