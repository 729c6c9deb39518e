#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes all bytes to an open file, whatever part of them the system takes at a time.
/// - Returns: Whether all were written; when not, `errno` says why.
func writeWhole(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        #if canImport(Glibc)
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        #elseif canImport(Musl)
            let written = rest.withUnsafeBytes { Musl.write(descriptor, $0.baseAddress, $0.count) }
        #elseif canImport(Darwin)
            let written = rest.withUnsafeBytes { Darwin.write(descriptor, $0.baseAddress, $0.count) }
        #endif
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { return false }
        rest = rest.dropFirst(written)
    }
    return true
}
