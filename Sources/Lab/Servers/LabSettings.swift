/// The user's choices for a lab.
package struct LabSettings: Sendable, Hashable, Codable {
    /// A model server to use instead of the scripted model.
    package struct RealModel: Sendable, Hashable, Codable {
        /// OpenAI-compatible; `/v1` is added where it is missing.
        package var url: String
        package var model: String
        /// Nil keeps the lab's own embeddings.
        package var embeddingModel: String?
        package var embeddingDimension: Int

        package init(url: String, model: String, embeddingModel: String? = nil, embeddingDimension: Int = 384) {
            self.url = url
            self.model = model
            self.embeddingModel = embeddingModel
            self.embeddingDimension = embeddingDimension
        }

        /// The URL that ends with `/v1`.
        var base: String {
            var base = url[...]
            while base.hasSuffix("/") { base = base.dropLast() }
            return base.hasSuffix("/v1") ? String(base) : "\(base)/v1"
        }
    }

    package var stack = LabStack.ogx
    package var mlflow = LabMLflow.v3_17_2
    /// The file of rules of the scripted model; nil for its built-in behaviour.
    package var script: String?
    package var realModel: RealModel?

    package init(
        stack: LabStack = .ogx, mlflow: LabMLflow = .v3_17_2, script: String? = nil, realModel: RealModel? = nil
    ) {
        self.stack = stack
        self.mlflow = mlflow
        self.script = script
        self.realModel = realModel
    }

    /// Also reads the settings of labs that were started before there was a choice of versions.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        stack = try fields.decodeIfPresent(LabStack.self, forKey: .stack) ?? .ogx
        mlflow = try fields.decodeIfPresent(LabMLflow.self, forKey: .mlflow) ?? .v3_17_2
        script = try fields.decodeIfPresent(String.self, forKey: .script)
        realModel = try fields.decodeIfPresent(RealModel.self, forKey: .realModel)
    }

    /// Product and version of a server; nil for those that drover implements itself.
    func title(of server: LabServer) -> String? {
        switch server {
        case .llamastack: stack.title
        case .mlflow: mlflow.title
        case .model, .mcp: nil
        }
    }
}

/// The user's choices for this start; nil keeps the setting of the running lab, or the default.
package struct LabChoice: Sendable, Hashable {
    /// Where the answers come from: a script, the built-in behaviour, or a real model.
    package struct Answers: Sendable, Hashable {
        package var script: String?
        package var realModel: LabSettings.RealModel?

        package init(script: String? = nil, realModel: LabSettings.RealModel? = nil) {
            self.script = script
            self.realModel = realModel
        }
    }

    package var stack: LabStack?
    package var mlflow: LabMLflow?
    package var answers: Answers?

    package init(stack: LabStack? = nil, mlflow: LabMLflow? = nil, answers: Answers? = nil) {
        self.stack = stack
        self.mlflow = mlflow
        self.answers = answers
    }

    func settings(after previous: LabSettings?) -> LabSettings {
        var settings = previous ?? LabSettings()
        settings.stack = stack ?? settings.stack
        settings.mlflow = mlflow ?? settings.mlflow
        if let answers {
            settings.script = answers.script
            settings.realModel = answers.realModel
        }
        return settings
    }
}
