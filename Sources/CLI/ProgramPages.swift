import FoundationEssentials
import Glibc
import Language

/// The pages that are in memory: of the code of the program and of the libraries that it is linked with, and of what it has
/// freed.
enum ProgramPages {
    /// Gives back those that are mapped, so that a server does not keep what only its start needed, which is most of them.
    /// The kernel maps code that is still needed again, from its cache of the file, when it is.
    static func giveBack() {
        // Half of the heap is what the start has freed.
        _ = trim?(0)
        // Where the system tells nothing of it, nothing is lost.
        guard let maps = try? FileBytes.read("/proc/self/maps", atMost: 1 << 20) else { return }
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            guard let code = code(in: line) else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: code.lowerBound), code.count, MADV_DONTNEED)
        }
    }

    /// `malloc_trim` of the C library, which is in no module: it gives back whole pages that are free, and leaves so many bytes at
    /// the end. nil in a C library without it.
    private static let trim = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }

    /// The addresses of a mapping; nil where it is not code of a file. Such code is never written, so that the file has all of
    /// it.
    ///
    ///     55d0c0a00000-55d0c2f00000 r-xp 00a00000 fe:00 1234    /usr/bin/drover
    static func code(in line: Substring) -> Range<UInt>? {
        let fields = line.split(separator: " ", maxSplits: 5)
        guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).hasPrefix("/") else {
            return nil
        }
        let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1] else { return nil }
        return ends[0]..<ends[1]
    }
}
