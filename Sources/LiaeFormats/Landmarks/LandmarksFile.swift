// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Landmarks of frames as JSON lines, one face a line, which any detector can write: see docs/landmarks.md.
///
///     {"frame": "00001.png", "landmarks": [[109.08, 100.58], ...]}
package enum LandmarksFile {
  /// The picture that a face is in.
  package enum FrameName: Sendable, Hashable {
    /// A file's name with its ending, or a path of the system on which the face was found: see `baseName`.
    case name(String)
    /// The place in a sequence, from 0.
    case index(Int)

    /// Returns the last part of a path, whatever system it is of: what follows the last slash or backslash, or the letter
    /// and colon of a Windows drive.
    package static func baseName(_ path: String) -> String {
      let last = path.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? ""
      let characters = Array(last.prefix(2))
      let hasDrive = characters.count == 2 && characters[0].isASCII && characters[0].isLetter && characters[1] == ":"
      return String(hasDrive ? last.dropFirst(2) : last)
    }
  }

  package struct Face: Sendable {
    package var frame: FrameName
    /// 68 points, or 5 (eyes, nose, corners of the mouth), pixels of the frame. Finite; they may lie outside.
    package var points: [SIMD2<Double>]
    /// The face's number within its frame, where the file gives one.
    package var index: Int?
    /// The line of the file, from 1, for messages.
    package var line: Int
  }

  /// Every face in the order of the file. Empty lines and lines that begin with `#` are passed over, and so are keys
  /// that are not known.
  ///
  /// - Parameter name: how messages call the file.
  /// - Throws: `corruptFile`, also for coordinates that are no pixels, or `limitExceeded`, naming file and line.
  package static func read(_ file: Bytes, name: String) throws(LiaeError) -> [Face] {
    defer { withExtendedLifetime(file) {} }
    var faces: [Face] = []
    // Some programs of Windows begin every text with a byte order mark.
    var start = file.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var line = 0
    while start < file.count {
      line += 1
      var end = start
      while end < file.count, file.raw[end] != UInt8(ascii: "\n") { end += 1 }
      var json = JSONReader(file, offset: start, end: end, name: "\(name), line \(line)", part: "the line")
      if let first = json.peek(), first != UInt8(ascii: "#") { faces.append(try face(&json, line: line)) }
      start = end + 1
    }
    return faces
  }

  /// The line of a face, without line break. A coordinate that is not finite becomes `null`, which `read` refuses.
  package static func line(frame: FrameName, points: [SIMD2<Double>]) -> String {
    func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }
    let text: String
    switch frame {
    case .name(let name): text = jsonQuoted(name)
    case .index(let index): text = String(index)
    }
    let pairs = points.map { "[\(number($0.x)), \(number($0.y))]" }.joined(separator: ", ")
    return "{\"frame\": \(text), \"landmarks\": [\(pairs)]}"
  }

  private static func face(_ json: inout JSONReader, line: Int) throws(LiaeError) -> Face {
    var frame: FrameName?
    var points: [SIMD2<Double>]?
    var index: Int?
    try json.object("the face") { (json, key) throws(LiaeError) in
      switch key {
      case "frame":
        guard frame == nil else { throw json.error("\"frame\" stands twice") }
        frame = try frameName(&json)
      case "landmarks":
        guard points == nil else { throw json.error("\"landmarks\" stands twice") }
        points = try landmarks(&json)
      case "index":
        guard index == nil else { throw json.error("\"index\" stands twice") }
        index = try json.size("\"index\"")
      default: try json.skipValue("\"\(key)\"")
      }
    }
    try json.finish()
    guard let frame, let points else {
      throw json.error("the face lacks \(frame == nil ? "\"frame\", its picture" : "\"landmarks\", its points")")
    }
    return Face(frame: frame, points: points, index: index, line: line)
  }

  private static func frameName(_ json: inout JSONReader) throws(LiaeError) -> FrameName {
    guard json.peek() == UInt8(ascii: "\"") else { return .index(try json.size("\"frame\"")) }
    let text = try json.string("\"frame\"")
    guard isFileName(FrameName.baseName(text)), !text.hasSuffix("/"), !text.hasSuffix("\\") else {
      throw json.error("\"frame\" is \(jsonQuoted(text)); expected the name of a file")
    }
    return .name(text)
  }

  private static func landmarks(_ json: inout JSONReader) throws(LiaeError) -> [SIMD2<Double>] {
    var points: [SIMD2<Double>] = []
    try json.array("\"landmarks\"") { (json) throws(LiaeError) in
      var pair: [Double] = []
      try json.array("a point of \"landmarks\"") { (json) throws(LiaeError) in
        guard pair.count < 2 else {
          throw json.error("point \(points.count) of \"landmarks\" has more than two numbers; expected [x, y]")
        }
        pair.append(try json.number("\"landmarks\""))
      }
      guard pair.count == 2 else {
        throw json.error("point \(points.count) of \"landmarks\" has \(pair.count) numbers; expected [x, y]")
      }
      guard points.count < 68 else { throw json.error("\"landmarks\" has more than 68 points; expected 68 or 5") }
      points.append(SIMD2(pair[0], pair[1]))
    }
    guard points.count == 68 || points.count == 5 else {
      throw json.error("\"landmarks\" has \(points.count) points; expected 68 or 5")
    }
    guard points.contains(where: { max(abs($0.x), abs($0.y)) > 1 }) || points.allSatisfy({ $0 == points[0] }) else {
      throw json.error(
        "all \(points.count) points of \"landmarks\" lie within 1 pixel of (0, 0); coordinates are pixels of the frame: "
          + "multiply what is divided by its width and height")
    }
    return points
  }
}

/// Tells whether a name from a file names a file in a folder of ours, and leads nowhere else.
func isFileName(_ name: String) -> Bool {
  !name.isEmpty && name != "." && name != ".."
    && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0 }
}
