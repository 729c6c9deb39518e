/// Where in MLflow the traces and results of an agent go, and which logged model they are about.
package struct MLflowPlace: Sendable, Hashable, Codable {
    package var experimentID: String
    /// The logged model of the version in use, `m-…`; nil when the version has none.
    package var modelID: String?
    /// That version, `models:/NAME/3`; nil when it has none.
    package var modelURI: String?

    package init(experimentID: String, modelID: String? = nil, modelURI: String? = nil) {
        self.experimentID = experimentID
        self.modelID = modelID
        self.modelURI = modelURI
    }
}
