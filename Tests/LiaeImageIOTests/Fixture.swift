// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// The files that make_fixtures.py leaves.
enum Fixture {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    .path

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  static func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// Width, height, channels and the bytes after them.
  static func raw(_ name: String) throws -> (width: Int, height: Int, channels: Int, data: [UInt8]) {
    let all = try bytes("\(name).raw")
    let end = all.firstIndex(of: 10) ?? 0
    let numbers = String(decoding: all[..<end], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    return (numbers[0], numbers[1], numbers[2], [UInt8](all[(end + 1)...]))
  }

  static func names(ending: String) throws -> [String] { try File.list(folder).filter { $0.hasSuffix(ending) } }

  /// Decodes bytes that stand in memory of exactly their length.
  static func decode(_ bytes: [UInt8], name: String = "test") throws(LiaeError) -> Picture {
    let copy = try Bytes.allocate(bytes.count)
    for (i, byte) in bytes.enumerated() { copy.base.storeBytes(of: byte, toByteOffset: i, as: UInt8.self) }
    return try Picture.decode(copy, name: name)
  }
}

extension Bytes {
  /// A copy; `raw` alone does not keep what it points to.
  var array: [UInt8] { withExtendedLifetime(self) { [UInt8](raw) } }
}

extension Picture {
  /// All elements of an 8-bit picture.
  var elements: [UInt8] { [UInt8](UnsafeRawBufferPointer(start: view.base, count: height * stride)) }

  /// A picture of given floats.
  init(width: Int, height: Int, format: PixelFormat, values: [Float]) throws(LiaeError) {
    try self.init(width: width, height: height, format: format)
    values.withUnsafeBytes { mutableView.base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
  }
}

/// Runs a program with its output, or nil where it is not installed.
func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String)? {
  let folders = ["/usr/bin", "/usr/local/bin", "/bin"]
  guard
    let path = folders.map({ "\($0)/\(program)" }).first(where: { FileManager.default.isExecutableFile(atPath: $0) })
  else { return nil }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

/// Tells whether a program is there, for `.enabled(if:)`: a test that cannot run is reported as skipped.
func installed(_ program: String) -> Bool {
  ["/usr/bin", "/usr/local/bin", "/bin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
}
