// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeText

/// A description of packed weights by their header, also of those that this processor cannot run.
package struct PackInspection {
  let path: String
  let fileBytes: Int
  let header: PackHeader

  private let parameters: Int

  package init(_ file: PackFile) throws(LiaeError) {
    (path, fileBytes, header) = (file.name, file.fileBytes, file.header)
    parameters = try Graph(file.header.architecture).parameterCount
  }

  private var packedBytes: Int { header.parts.reduce(0) { $0 + $1.size } }
  private var options: String { header.options.packing.map { "\($0.name) \($0.value)" }.joined(separator: ", ") }
  /// Lists how many layers each algorithm has.
  private var algorithms: String {
    ConvolutionAlgorithm.all.compactMap { algorithm in
      let count = header.choices.count { $0.algorithm == algorithm }
      return count > 0 ? "\(count) \(algorithm.name)" : nil
    }.joined(separator: ", ")
  }

  package var text: String {
    listing(
      [
        ("file", path),
        ("kind", "packed weights for \(header.instructionSet.rawValue), layout \(header.layoutVersion)"),
      ]
        + header.architecture.lines(parameters: parameters) + [
          ("file size", humanBytes(fileBytes)), ("memory", "\(humanBytes(packedBytes)) packed weights, shared"),
          ("packed with", options), ("layers", algorithms),
        ] + header.info.lines + [("fingerprint", header.fingerprint)] + header.info.remarks)
  }

  package var json: JSON {
    .object(
      [("file", .string(path)), ("kind", .string("packed weights"))]
        + header.architecture.members(parameters: parameters) + [
          ("file_bytes", .integer(fileBytes)), ("packed_bytes", .integer(packedBytes)),
          ("isa", .string(header.instructionSet.rawValue)), ("layout", .integer(header.layoutVersion)),
          ("options", .object(header.options.packing.map { ($0.name, .string($0.value)) })),
          (
            "layers",
            .array(
              header.choices.map {
                .object([
                  ("name", .string($0.name)), ("algorithm", .string($0.algorithm.name)),
                  ("stored", .string($0.stored.name)),
                ])
              })
          ),
        ] + header.info.members + [("fingerprint", .string(header.fingerprint))] + header.info.remarkMembers)
  }
}
