// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeModel
import LiaeSystem
import LiaeTensor

/// What the caller knows of a checkpoint and the file may not.
package struct OpenOptions: Sendable {
  /// `liae-udt`: overrules what the file says or what would be guessed (`u` and `c` change no shape).
  package var architecture: String?
  package var colorOrder: ColorOrder?
  package init() {}
}

/// Opens a checkpoint of any kind, recognised by its content.
package enum ModelReader {
  /// - Parameter path: a file (safetensors, one of a DeepFaceLab set, .dfm/.onnx, .pt/.pth) or a DeepFaceLab folder.
  package static func open(path: String, options: OpenOptions = OpenOptions()) throws(LiaeError) -> Model {
    throw LiaeError(.unsupported, "not yet")
  }

  /// - Parameter name: what messages call the memory.
  package static func open(memory: Bytes, name: String = "memory", options: OpenOptions = OpenOptions())
    throws(LiaeError) -> Model
  {
    throw LiaeError(.unsupported, "not yet")
  }
}
