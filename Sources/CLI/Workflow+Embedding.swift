import Engine
import Kinds
import Language
import Suites

extension Workflow {
    /// The first question of each suite about a likeness for which the stack has no embedding model.
    var withoutEmbeddingModel: [Diagnostic] {
        specs(of: SuiteSpec.self).compactMap { _, spec in
            spec.similarities.sorted { $0.place < $1.place }.lazy.compactMap(problem).first
        }
    }

    private func problem(of question: SimilarityQuestion) -> Diagnostic? {
        do throws(Diagnostic) {
            _ = try Kinds.embeddingModel(question.model, in: self)
            return nil
        } catch {
            var problem = error
            problem.subject = question.place
            return problem
        }
    }
}
