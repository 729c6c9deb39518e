/// Where in MLflow the traces and results of an agent go, and which logged model they are about.
package struct MLflowPlace: Sendable, Hashable, Codable {
    /// Empty where it is awaited.
    package var experimentID: String
    /// The logged model of the version in use, `m-…`; nil when the version has none.
    package var modelID: String?
    /// That version, `models:/NAME/3`; nil when it has none.
    package var modelURI: String?
    /// What tells the experiment once MLflow answers; nil where its id is known.
    package var awaited: AwaitedExperiment?

    package init(experimentID: String, modelID: String? = nil, modelURI: String? = nil) {
        self.experimentID = experimentID
        self.modelID = modelID
        self.modelURI = modelURI
    }

    package init(awaiting experiment: AwaitedExperiment) {
        self.init(experimentID: "")
        awaited = experiment
    }
}
