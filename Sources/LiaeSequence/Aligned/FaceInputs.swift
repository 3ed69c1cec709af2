// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// A file of aligned faces: recognised, its pixels not yet decoded.
package struct FaceInput {
  enum Content {
    case picture
    /// float32 of shape (N, H, W, 3) or (H, W, 3).
    case array(shape: [Int])
  }
  package let path: String
  let content: Content

  /// The file's name without folder and ending.
  package var stem: String { File.stem(path) }

  /// Images in an array with a batch axis; nil for a single picture.
  var batch: Int? {
    if case .array(let shape) = content, shape.count == 4 { return shape[0] }
    return nil
  }

  /// Images of one array: each has files of its own.
  private static let mostImages = 1_000_000

  /// - Throws: what the file's error is, naming it; `limitExceeded` for more than a million images.
  init(path: String) throws(LiaeError) {
    self.path = path
    let start = try File(reading: path).prefix(16)
    defer { withExtendedLifetime(start) {} }
    if start.raw.starts(with: NumpyArray.magic) {
      content = .array(shape: try Self.array(path).shape)
    } else if PictureFileKind(start.raw) != nil {
      content = .picture
    } else {
      throw LiaeError(
        .unknownFormat, "\(path): neither a PNG, a JPEG nor a .npy file\(OtherPictureFormat.advice(start.raw))")
    }
  }

  /// The pictures of a .npy file.
  func array() throws(LiaeError) -> TensorView { try Self.array(path) }

  private static func array(_ path: String) throws(LiaeError) -> TensorView {
    let tensor = try NumpyArray.parse(Bytes.read(path: path), name: path)
    guard tensor.dtype == .float32, [3, 4].contains(tensor.shape.count), tensor.shape.last == 3,
      !tensor.shape.suffix(3).contains(0)
    else {
      throw LiaeError(
        .shapeMismatch,
        "\(path): holds \(tensor.dtype.rawValue) of shape \(tensor.shape); expected float32 (H, W, 3) or (N, H, W, 3)")
    }
    if tensor.shape.count == 4, tensor.shape[0] > mostImages {
      throw LiaeError(.limitExceeded, "\(path): holds \(tensor.shape[0]) images; at most \(mostImages) are read")
    }
    return tensor
  }
}

/// Aligned faces in files and folders. A file that cannot be used is left out.
package struct FaceInputs {
  package private(set) var files: [FaceInput] = []
  /// The number of files, including those that were left out.
  package let count: Int
  /// Errors of the files that were left out.
  package private(set) var errors: [LiaeError] = []

  private static let endings = [".png", ".jpg", ".jpeg", ".npy"]

  /// - Parameter paths: of files, or of folders, which stand for the files in them.
  /// - Throws: where a folder cannot be listed; `fileNotFound` where it holds no input, `invalidArgument` where two inputs
  ///   would be written under one name.
  package init(paths: [String]) throws(LiaeError) {
    var all: [String] = []
    for path in paths { all += try Self.expanded(path) }
    count = all.count
    var stems: [String: String] = [:]
    for path in all {
      if let other = stems.updateValue(path, forKey: File.stem(path)) {
        throw LiaeError(
          .invalidArgument, "\(other) and \(path) would both be written as \(File.stem(path)).*; rename one")
      }
    }
    for path in all {
      do throws(LiaeError) { files.append(try FaceInput(path: path)) } catch { errors.append(error) }
    }
  }

  private static func expanded(_ path: String) throws(LiaeError) -> [String] {
    guard File.kind(path) == .folder else { return [path] }
    let names = try File.list(path).filter { name in
      !name.hasPrefix(".") && endings.contains { name.lowercased().hasSuffix($0) }
    }
    guard !names.isEmpty else {
      throw LiaeError(.fileNotFound, "\(path): the folder holds no \(endings.joined(separator: ", ")) file")
    }
    return names.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
  }
}
