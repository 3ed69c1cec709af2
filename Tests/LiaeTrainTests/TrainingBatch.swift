// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import Testing

/// The stored batches of both sides: `training/batch_*.npz` of golden data.
enum TrainingBatch {
  typealias Sides = (source: FaceBatch, destination: FaceBatch)

  /// The repository's two faces of 64 pixels a side, for tests of something else.
  static let repository = Result { try sides(GoldenSet.repository.arrays("training/batch_r64")) }

  /// Returns the batches of a run: of the chosen set's batches the one of this side and number of faces.
  static func of(side: Int, count: Int) throws -> Sides {
    // The one that is named for its side alone comes first.
    let files = GoldenSet.chosen.files("training", prefix: "batch_", suffix: ".npz").sorted { $0.count < $1.count }
    for file in files {
      let batch = try sides(GoldenSet.chosen.arrays("training/\(file.dropLast(4))"))
      if batch.source.side == side && batch.source.count == count { return batch }
    }
    throw NPZ.Malformed(what: "no training/batch_*.npz of \(count) faces of \(side) pixels")
  }

  private static func sides(_ arrays: [String: NPYArray]) throws -> Sides {
    func batch(_ side: String) throws -> FaceBatch {
      let target = try #require(arrays["target_\(side)_u8"])
      let batch = try FaceBatch(count: target.shape[0], side: target.shape[1])
      batch.target.fill(target)
      batch.warped.fill(try #require(arrays["warped_\(side)_u8"]))
      batch.mask.fill(try #require(arrays["target_\(side)m_u8"]))
      batch.eyesMouth.fill(try #require(arrays["target_\(side)m_em_u8"]))
      return batch
    }
    return (try batch("src"), try batch("dst"))
  }
}

extension Bytes {
  /// Bytes of pictures as floats 0...1.
  func fill(_ array: NPYArray) {
    let floats = base.assumingMemoryBound(to: Float.self)
    for i in array.values.indices { floats[i] = array.values[i] / 255 }
  }
}
