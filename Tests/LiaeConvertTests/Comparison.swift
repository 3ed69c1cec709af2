// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Fails unless both models hold the same bits under the same names.
func expectSame(
  _ a: Model, _ b: Model, flavour: Bool = true, except left: Set<String> = [],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(a.architecture.name == b.architecture.name, sourceLocation: sourceLocation)
  if flavour { #expect(a.architecture == b.architecture, sourceLocation: sourceLocation) }
  for spec in a.graph.tensors where !left.contains(spec.name) {
    guard let x = a.tensors[spec.name], let y = b.tensors[spec.name] else {
      #expect(spec.isUnused, "\(spec.name) is missing", sourceLocation: sourceLocation)
      continue
    }
    let isSame = x.dtype == y.dtype && x.shape == y.shape && x.raw.elementsEqual(y.raw)
    #expect(isSame, "\(spec.name) differs", sourceLocation: sourceLocation)
  }
}

/// A copy of bytes in memory that the library may read.
func bytes(_ array: [UInt8]) throws -> Bytes { try array.withUnsafeBytes { try Bytes.copy($0) } }

func floats(_ values: [Float], _ shape: [Int]) throws -> TensorView {
  let storage = try values.withUnsafeBytes { try Bytes.copy($0) }
  return try TensorView(dtype: .float32, shape: shape, storage: storage)
}

/// A network of the repository's.
func golden(_ name: String) throws -> GoldenNetwork {
  let network = GoldenNetwork.repository(name)
  try #require(network.kind != nil, "\(network.folder) is no network")
  return network
}

/// A copy of DeepFaceLab's files of a network without those whose names end in one of `without`.
func copiedSet(_ network: GoldenNetwork, without: [String], into folder: TemporaryFolder) throws -> String {
  let kinds = ["_SAEHD_", "_AMP_", "XSeg_"]
  for name in network.files where kinds.contains(where: { name.contains($0) }) {
    if without.contains(where: { name.hasSuffix($0) }) { continue }
    let bytes = try Bytes.read(path: network.path(name))
    try File.writeAtomically(folder(name), replacing: true) { (writer) throws(LiaeError) in
      try writer.write(bytes.raw)
    }
  }
  return folder.path
}
