// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import Synchronization

/// The object behind a `liae_smoothing` handle.
final class OpenSmoothing: @unchecked Sendable {
  static let registry = HandleRegistry<OpenSmoothing>(kind: 11, noun: "smoothing")

  private let smoothing: FaceSmoothing
  private let busy = Atomic(false)

  init(_ options: CSmoothingOptions) throws(LiaeError) {
    func check(_ value: Float, _ range: ClosedRange<Float>, _ name: String, above: Bool) throws(LiaeError) {
      guard range.contains(value), value > range.lowerBound || !above else {
        throw LiaeError(
          .invalidArgument,
          "options.\(name) is \(value); expected \(above ? "above " : "")\(range.lowerBound) to \(range.upperBound)")
      }
    }
    try check(options.cutoff, 0...1e6, "cutoff", above: true)
    try check(options.slope, 0...1e6, "slope", above: false)
    try check(options.maskRate, 0...1, "mask_rate", above: true)
    try check(options.colorRate, 0...1, "color_rate", above: true)
    smoothing = FaceSmoothing(
      mask: options.maskRate < 1 ? Double(options.maskRate) : nil,
      color: options.colorRate < 1 ? Double(options.colorRate) : nil,
      landmarks: OneEuroFilter(cutoff: Double(options.cutoff), slope: Double(options.slope)))
  }

  /// - Throws: `busy` while another thread, or another face of the same frame, uses it.
  func alone<Result>(_ body: (FaceSmoothing) throws(LiaeError) -> Result) throws(LiaeError) -> Result {
    try begin()
    defer { end() }
    return try body(smoothing)
  }

  private func begin() throws(LiaeError) {
    guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw LiaeError(.busy, "the smoothing is in use: each face of a sequence needs one of its own")
    }
  }

  private func end() { busy.store(false, ordering: .releasing) }

  /// Runs `body` with what is kept of each face; those faces that have no smoothing have nil.
  static func with(_ faces: [CFace], _ body: ([FaceSmoothing?]) throws(LiaeError) -> Void) throws(LiaeError) {
    var used: [OpenSmoothing] = []
    defer { for smoothing in used { smoothing.end() } }
    var kept: [FaceSmoothing?] = []
    for (index, face) in faces.enumerated() {
      var found: OpenSmoothing?
      if let handle = face.smoothing {
        do throws(LiaeError) {
          found = try registry.find(handle)
          try found?.begin()
        } catch { throw error.within("faces[\(index)].smoothing") }
      }
      if let found { used.append(found) }
      kept.append(found?.smoothing)
    }
    try body(kept)
  }
}
