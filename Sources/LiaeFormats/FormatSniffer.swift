// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The formats that are told apart by the first bytes of a file; its name plays no part.
package enum FormatSniffer: Sendable, Equatable {
  case safetensors
  /// A pickle of protocol 2 or later: DeepFaceLab's weights and data files.
  case pickle
  /// A file of `torch.save`: a zip archive, or the older form, which `TorchArchive` refuses with advice.
  case torchArchive
  case onnx
  /// numpy's own `.npy`.
  case numpy
  case png, jpeg
  /// Weights that a plan has packed (docs/packed-weights.md): no checkpoint.
  case packedWeights
  case unknown

  /// The number of first bytes that are looked at.
  package static let bytes = 64

  package static let packedWeightsMagic = Array("LIAEPACK".utf8)

  /// Returns the format that the bytes look like. A file that lies about its sizes is still recognised, so that its
  /// reader can say so.
  package static func sniff(_ bytes: Bytes) -> FormatSniffer {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return .png }
    if bytes.starts(with: [0xff, 0xd8, 0xff]) { return .jpeg }
    if bytes.starts(with: NumpyArray.magic) { return .numpy }
    if bytes.starts(with: ZipArchive.magic) || TorchArchive.isLegacy(bytes) { return .torchArchive }
    if bytes.count >= 2, bytes.raw[0] == 0x80, (2...5).contains(bytes.raw[1]) { return .pickle }
    if bytes.starts(with: packedWeightsMagic) { return .packedWeights }
    if isSafetensors(bytes) { return .safetensors }
    if isONNX(bytes) { return .onnx }
    return .unknown
  }

  /// Eight bytes of length, then a JSON object.
  private static func isSafetensors(_ bytes: Bytes) -> Bool {
    guard bytes.count >= 10, bytes.raw[8] == UInt8(ascii: "{") else { return false }
    return [UInt8(ascii: "\""), UInt8(ascii: "}"), 0x20, 0x09, 0x0a, 0x0d].contains(bytes.raw[9])
  }

  /// A protobuf message whose field 1 is a small number (`ir_version`), followed by another field of `ModelProto`.
  private static func isONNX(_ bytes: Bytes) -> Bool {
    guard bytes.count >= 3, bytes.raw[0] == 0x08, (1...64).contains(bytes.raw[1]) else { return false }
    // producer name and version, domain, model version, doc, graph, opset import, metadata
    return [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72].contains(bytes.raw[2])
  }
}
