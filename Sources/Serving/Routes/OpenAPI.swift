import Language
import NIOCore

/// `GET /openapi.json`: the routes, as OpenAPI 3.1 describes them.
enum OpenAPIRoute {
    static func reply(version: String) -> Reply {
        .json([
            "openapi": "3.1.0", "info": ["title": "Agents served by drover", "version": .string(version)],
            "paths": .object(Dictionary(uniqueKeysWithValues: Route.allCases.map { ($0.rawValue, path($0)) })),
            "components": ["schemas": schemas],
        ])
    }

    private static func path(_ route: Route) -> Value {
        var fields: [String: Value] = [:]
        if route.rawValue.contains("{name}") {
            fields["parameters"] = [["name": "name", "in": "path", "required": true, "schema": ["type": "string"]]]
        }
        guard route.dialect != nil else {
            fields["get"] = ["summary": .string(summary(of: route)), "responses": ["200": ["description": "Well"]]]
            return .object(fields)
        }
        let answer: Value = [
            "description": "The answer; events when a stream is asked for",
            "content": ["application/json": ["schema": reference("Response")], "text/event-stream": [:]],
        ]
        let refusal: Value = [
            "description": "Why there is no answer", "content": ["application/json": ["schema": reference("Error")]],
        ]
        let body: Value = ["required": true, "content": ["application/json": ["schema": reference("Request")]]]
        fields["post"] = [
            "summary": .string(summary(of: route)), "requestBody": body,
            "responses": ["200": answer, "default": refusal],
        ]
        return .object(fields)
    }

    private static func summary(of route: Route) -> String {
        switch route {
        case .invocations, .endpointInvocations: "Ask an agent, as clients of MLflow do"
        case .responses, .v1Responses: "Ask an agent, as clients of OpenAI's Responses API do"
        case .models: "The agents, as OpenAI's API lists models"
        case .model: "An agent, as OpenAI's API reads a model"
        case .endpoints: "The agents, as MLflow's deployments client lists them"
        case .endpoint: "An agent, as MLflow's deployments client reads it"
        case .ping, .health: "Whether this server is alive"
        case .ready: "Whether requests can be answered now"
        case .version: "The version of drover"
        case .agentInfo: "What is served"
        case .metrics: "What was counted, as Prometheus reads it"
        case .openAPI: "This description"
        }
    }

    private static func reference(_ name: String) -> Value {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    private static var schemas: Value {
        let text: Value = ["type": "string"]
        let object: Value = ["type": "object"]
        let objects: Value = ["type": "array", "items": object]
        let request: [String: Value] = [
            "input": ["anyOf": [text, objects]], "stream": ["type": "boolean"], "model": text,
            "temperature": ["type": "number"], "top_p": ["type": "number"], "max_output_tokens": ["type": "integer"],
            "tools": objects, "context": object, "custom_inputs": object, "metadata": object, "user": text,
        ]
        let response: [String: Value] = [
            "id": text, "object": text, "status": text, "model": text, "output": objects, "usage": object,
            "metadata": object, "custom_outputs": object,
        ]
        let error: [String: Value] = [
            "error": object, "error_code": text, "message": text, "detail": text, "request_id": text,
        ]
        return [
            "Request": ["type": "object", "required": ["input"], "properties": .object(request)],
            "Response": ["type": "object", "required": ["output"], "properties": .object(response)],
            "Error": ["type": "object", "properties": .object(error)],
        ]
    }
}
