/// The fields of a variable, for schemas and `drover explain`.
enum VariableFields: Described {
    static let noun = "a variable"

    private static let scalar = Shape.alternatives([.text(), .number(), .boolean])

    static let fields = [
        Field(
            "type", .choice(VariableDeclaration.Kind.allCases.map(\.rawValue)), isRequired: true, example: "string",
            "What its values are; what a run gives is checked."),
        Field("default", scalar, example: "support", "Its value where a run gives none."),
        Field("env", .text(), example: "TEAM", "The environment variable that can give its value."),
        Field("enum", .list(scalar, minimum: 1), example: "[support, sales]", "The values that are allowed."),
        Field(
            "pattern", .text(), example: "\"^[a-z]+$\"",
            "A regular expression that must match a part of its value; only for text."),
        Field("description", .text(), "What it is for, in a sentence."),
    ]
}

/// The variables of a spec, as a top-level field.
package enum VariablesField {
    package static let field = Field(
        "variables", .map(.object(VariableFields.self)), example: "{team: {type: string, default: support}}",
        "What varies between environments; used as `${var.NAME}`.")
}
