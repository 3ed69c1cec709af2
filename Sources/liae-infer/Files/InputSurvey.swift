// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A file to be run: recognised, not yet decoded.
struct InputFile {
  enum Content {
    case picture
    /// (N, H, W, 3) or (H, W, 3), float32.
    case array(TensorView)
  }
  var path: String
  var content: Content

  /// The file's name without folder and ending.
  var stem: String { InputFile.stem(path) }

  static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// Images in an array with a batch axis; nil for a single picture.
  var batch: Int? {
    if case .array(let tensor) = content, tensor.shape.count == 4 { return tensor.shape[0] }
    return nil
  }

  /// - Throws: what the file's error is, naming it.
  init(path: String) throws(LiaeError) {
    let bytes = try Bytes.map(path: path)
    defer { withExtendedLifetime(bytes) {} }
    self.path = path
    if bytes.raw.starts(with: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]) {
      let tensor = try NumpyArray.parse(bytes, name: path)
      guard tensor.dtype == .float32, [3, 4].contains(tensor.shape.count), tensor.shape.last == 3 else {
        throw LiaeError(
          .shapeMismatch,
          "\(path): holds \(tensor.dtype.rawValue) of shape \(tensor.shape); expected float32 (H, W, 3) or (N, H, W, 3)"
        )
      }
      content = .array(tensor)
    } else if PictureFileKind(bytes.raw) != nil {
      content = .picture
    } else {
      throw LiaeError(.unknownFormat, "\(path): neither a PNG, a JPEG nor a .npy file")
    }
  }
}

/// What the paths of the command line stand for. A file that cannot be used is reported and left out.
struct InputSurvey {
  private(set) var files: [InputFile] = []
  /// Inputs that could not be used, here or later.
  var failures = 0
  private let count: Int

  /// What the program ends with when there are failures.
  var failure: Failure { Failure(.someFailed, "\(failures) of \(count) \(count == 1 ? "input" : "inputs") failed") }

  static let endings = [".png", ".jpg", ".jpeg", ".npy"]

  /// - Throws: where a folder cannot be listed or holds no input, or two inputs would be written under one name.
  init(paths: [String]) throws {
    var all: [String] = []
    for path in paths { all += try InputSurvey.expanded(path) }
    count = all.count
    var stems: [String: String] = [:]
    for path in all {
      if let other = stems.updateValue(path, forKey: InputFile.stem(path)) {
        throw Failure(.usage, "\(other) and \(path) would both be written as \(InputFile.stem(path)).*; rename one")
      }
    }
    for path in all {
      do throws(LiaeError) { files.append(try InputFile(path: path)) } catch {
        Console.complain(error.message)
        failures += 1
      }
    }
  }

  private static func expanded(_ path: String) throws -> [String] {
    guard File.kind(path) == .folder else { return [path] }
    let names = try File.list(path).filter { name in
      !name.hasPrefix(".") && endings.contains { name.lowercased().hasSuffix($0) }
    }
    guard !names.isEmpty else {
      throw Failure(.files, "\(path): the folder holds no \(endings.joined(separator: ", ")) file")
    }
    return names.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
  }
}
