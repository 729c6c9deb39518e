/// The spec that `drover init` writes.
enum StartingSpec {
    static func text(stack: String) -> String {
        """
        # What this stack is: agents, what they need, and the cases that say when they are good enough.
        #
        #   drover lab up                  real servers on this machine, if you have none
        #   drover up                      apply, then run the suites
        #   drover explain agents          what every field is for
        drover: v1
        stack: \(stack)

        # What varies between environments: `--var model=…`, `--var-file`, the variable's `env`, or its `default`.
        variables:
          model: {type: string, default: lab/llm, env: LLAMASTACK_MODEL, description: The model that answers.}
          embedding-model: {type: string, default: lab-embed/embed, env: EMBEDDING_MODEL}

        # Where the servers are. Without this, the environment, the running lab, or localhost.
        # servers:
        #   llamastack: {url: "http://localhost:8321", apiKey: {env: LLAMASTACK_API_KEY, optional: true}}
        #   mlflow: {url: "http://localhost:5000", token: {env: MLFLOW_TRACKING_TOKEN, optional: true}}

        # Documents that agents can search. A document is a glob, or a map with `path`, `url` or `text`.
        vectorStores:
          handbook:
            embeddingModel: ${var.embedding-model}
            documents:
              - {name: hours.md, text: We are open from 9:00 to 17:00 on working days.}
              # - docs/**/*.md

        # What agents may use. An MCP server: `tickets: {mcp: {url: "http://localhost:9000/mcp"}}`.
        tools:
          knowledge: {fileSearch: {vectorStores: [handbook], maxResults: 3}}

        # Each agent is logged in MLflow as a version of a registered model; `log: false` keeps it out.
        agents:
          assistant:
            description: Answers questions of customers
            model: ${var.model}
            instructions: |
              You answer questions of customers in one or two sentences.
              Search the handbook first; say so when the answer is not in it.
            tools: [knowledge]
            sampling: {temperature: 0.2}

        # `drover test` runs these on the applied agents.
        suites:
          smoke:
            agent: assistant
            defaults: {timeout: 60s, retryErrors: 1}
            thresholds: {passRate: 1.0}
            cases:
              - name: opening hours
                input: When are you open?
                expect:
                  - contains: "9:00"
                  - calledTool: {name: knowledge}
                  - latency: 30s

        """
    }
}
