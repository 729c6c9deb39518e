/// What the user chose for a lab.
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

    /// The file of rules of the scripted model; nil for its built-in behaviour.
    package var script: String?
    package var realModel: RealModel?

    package init(script: String? = nil, realModel: RealModel? = nil) {
        self.script = script
        self.realModel = realModel
    }
}
