// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// A face at the model's resolution and face type: what all its samples begin with.
package struct PreparedFace: Sendable {
  package let colors: ColorCanvas
  package let mask: MaskCanvas
  package let eyesMouth: MaskCanvas

  package init(colors: ColorCanvas, mask: MaskCanvas, eyesMouth: MaskCanvas) {
    (self.colors, self.mask, self.eyesMouth) = (colors, mask, eyesMouth)
  }
}

/// A prepared face, or the reference of a colour transfer, in 16 bits a value: 10 or 6 bytes a pixel.
///
/// Samples are always made from these, kept or not, so that memory changes no bit of them. -0.5...1.54 in steps of
/// 1/32000, which is a 125th of the picture's own steps; cubics overshoot 0...1 by less than 0.45.
struct PackedFace: Sendable {
  private let side: Int
  private let storage: Bytes
  private static let scale: Float = 32000
  private static let zero: Float = 16000

  var byteCount: Int { storage.count }

  /// - Throws: `outOfMemory`.
  init(_ face: PreparedFace) throws(LiaeError) {
    try self.init(face.colors, masks: [face.mask, face.eyesMouth])
  }

  init(_ face: LabelledFace) throws(LiaeError) { try self.init(face.colors, masks: [face.mask]) }

  init(reference: ColorCanvas) throws(LiaeError) { try self.init(reference, masks: []) }

  private init(_ colors: ColorCanvas, masks: [MaskCanvas]) throws(LiaeError) {
    side = colors.width
    let count = colors.count
    storage = try Bytes.allocateUnfilled(2 * count * (3 + masks.count), for: "a face of \(side) x \(side) pixels")
    let values = storage.base.bindMemory(to: UInt16.self, capacity: count * (3 + masks.count))
    for i in 0..<count {
      let color = colors.pixels[i]
      values[3 * i] = Self.packed(color.x)
      values[3 * i + 1] = Self.packed(color.y)
      values[3 * i + 2] = Self.packed(color.z)
    }
    for (number, mask) in masks.enumerated() {
      let plane = values + count * (3 + number)
      for i in 0..<count { plane[i] = Self.packed(mask.pixels[i]) }
    }
    withExtendedLifetime((colors, masks)) {}
  }

  func colors() throws(LiaeError) -> ColorCanvas {
    let result = try ColorCanvas(width: side, height: side)
    let values = UnsafePointer(storage.base.assumingMemoryBound(to: UInt16.self))
    for i in 0..<result.count {
      result.pixels[i] = Color(
        Self.unpacked(values[3 * i]), Self.unpacked(values[3 * i + 1]), Self.unpacked(values[3 * i + 2]), 1)
    }
    return result
  }

  /// Prepares the face; a reference has no masks and cannot be prepared.
  func prepared() throws(LiaeError) -> PreparedFace {
    PreparedFace(colors: try colors(), mask: try plane(3), eyesMouth: try plane(4))
  }

  /// Of a face that was packed with one mask.
  func labelled() throws(LiaeError) -> LabelledFace { LabelledFace(colors: try colors(), mask: try plane(3)) }

  private func plane(_ number: Int) throws(LiaeError) -> MaskCanvas {
    precondition(storage.count >= 2 * (number + 1) * side * side)
    let result = try MaskCanvas(width: side, height: side)
    let values = storage.base.assumingMemoryBound(to: UInt16.self) + number * result.count
    for i in 0..<result.count { result.pixels[i] = Self.unpacked(values[i]) }
    return result
  }

  @inline(__always)
  private static func packed(_ value: Float) -> UInt16 {
    // What is no number becomes 0 of the 16 bits.
    let scaled = value * scale + zero + 0.5
    return scaled > 0 ? scaled < 65535 ? UInt16(scaled) : 65535 : 0
  }

  @inline(__always)
  private static func unpacked(_ value: UInt16) -> Float { (Float(value) - zero) / scale }
}
