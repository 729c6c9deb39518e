extension WireError {
    /// Whether the server says that the thing is not there. Llama Stack often says so with 400 instead of 404.
    package var isAbsence: Bool {
        switch status {
        case 404: true
        case 400: ["not found", "Could not find", "not exist", "not served by"].contains { message.contains($0) }
        case _: code == "RESOURCE_DOES_NOT_EXIST"
        }
    }
}
