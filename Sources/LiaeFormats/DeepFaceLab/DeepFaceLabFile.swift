// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// DeepFaceLab's model files: pickles, whatever their ending says.
package enum DeepFaceLabFile {
  /// A weight file (`NAME_SAEHD_encoder.npy`): tensors by the names of the file, as `down1/downs_0/conv1/weight:0`.
  ///
  /// numpy scalars, as the `iters:0` of an optimiser, are tensors without an axis.
  /// - Throws: `corruptFile` where it is not a dictionary of arrays, `unsupported` for other element types.
  package static func parseWeights(_ bytes: Bytes, name: String) throws(LiaeError) -> TensorDictionary {
    let value = try parse(bytes, name: name, wayOut: "the model's autobackups hold earlier copies of all its files")
    guard let pairs = value.pairs else {
      throw LiaeError(.corruptFile, "\(name): a DeepFaceLab weight file holds a dictionary, this one \(value.kind)")
    }
    guard pairs.count <= FormatLimits.tensors else {
      throw LiaeError(.limitExceeded, "\(name): \(pairs.count) tensors; at most \(FormatLimits.tensors) are read")
    }
    var tensors = TensorDictionary()
    for (key, value) in pairs {
      guard let key = key.stringValue else {
        throw LiaeError(.corruptFile, "\(name): a key that is \(key.kind), where the name of a tensor belongs")
      }
      switch value {
      case .tensor(let view): tensors[key] = view
      case .opaque: throw LiaeError(.unsupported, "\(name): tensor \(key) is \(value.kind), which is not supported")
      default: throw LiaeError(.corruptFile, "\(name): tensor \(key) is \(value.kind), not an array")
      }
    }
    return tensors
  }

  /// `NAME_SAEHD_data.dat`: a dictionary with `iter`, `options` and more.
  ///
  /// - Throws: `corruptFile` where it is no dictionary.
  package static func parseData(_ bytes: Bytes, name: String) throws(LiaeError) -> PickleValue {
    let value = try parse(
      bytes, name: name,
      wayOut: "take a copy from the model's autobackups, or move the file away: the architecture is then read off the "
        + "weights, and --face-type says what the faces show")
    guard value.pairs != nil else {
      throw LiaeError(.corruptFile, "\(name): DeepFaceLab's data file holds a dictionary, this one \(value.kind)")
    }
    return value
  }

  private static func parse(_ bytes: Bytes, name: String, wayOut: String) throws(LiaeError) -> PickleValue {
    try LostContent.explain(bytes, name: name, wayOut: wayOut) { () throws(LiaeError) in
      try PickleReader.parse(bytes, name: name, allowing: .numpy)
    }
  }

  /// Writes a weight file: pickle protocol 4, as DeepFaceLab does. The whole file or nothing; no tensor is copied.
  package static func writeWeights(
    _ tensors: TensorDictionary, to path: String, replacing: Bool
  ) throws(LiaeError) {
    var pairs: [(key: PickleValue, value: PickleValue)] = []
    for name in tensors.names {
      if let view = tensors[name] { pairs.append((.string(name), .tensor(view))) }
    }
    try write(.dictionary(pairs), protocol: 4, to: path, replacing: replacing)
  }

  /// Writes a data file: pickle protocol 3, which the Python 3.6 of DeepFaceLab's own builds reads.
  package static func writeData(_ value: PickleValue, to path: String, replacing: Bool) throws(LiaeError) {
    try write(value, protocol: 3, to: path, replacing: replacing)
  }

  private static func write(
    _ value: PickleValue, protocol version: Int, to path: String, replacing: Bool
  ) throws(LiaeError) {
    let stream: PickleStream
    do throws(LiaeError) { stream = try PickleWriter.serialize(value, protocol: version) } catch {
      throw error.within(path)
    }
    try stream.write(to: path, replacing: replacing)
  }
}
