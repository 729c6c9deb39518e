import ArgumentParser
import Engine
import Language
import Reports
import Wire

/// How a plan is written.
enum PlanFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, markdown

    /// - Parameter requests: The number of requests that it took; nil when none were made.
    func render(
        _ plan: Plan, servers: [ConnectedServer], endangered: [EndangeredSuite], requests: Int?, colors: Bool
    ) throws -> String {
        switch self {
        case .text: PlanText(colors: colors).render(plan, servers: servers, endangered: endangered)
        case .json:
            try PlanJSON.value(plan, servers: servers, endangered: endangered, requests: requests).prettyJSON
        case .markdown: PlanMarkdown.render(plan, servers: servers, endangered: endangered)
        }
    }
}
