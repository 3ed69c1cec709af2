// SPDX-License-Identifier: Apache-2.0
import LiaeKernels

/// The ranges of k of the two halves of a code, where the first tiles have the first half alone (`halfTiles` of
/// `WinogradParameters`).
package struct WinogradHalves {
  /// Packed channels of the first half, whole blocks of W.
  let channels: Int
  private let ends, offsets: Table<Int>

  /// - Parameters:
  ///   - points: of both axes, each of which has all channels.
  ///   - weightOffset: for each point where its rows of U begin within those of a column block.
  init(channels: Int, points: Int, weightOffset: UnsafePointer<Int>) {
    self.channels = channels
    ends = Table([Int](repeating: channels, count: points))
    offsets = Table((0..<points).map { weightOffset[$0] + channels })
  }

  /// The arguments of the products of the first half.
  func first(_ parameters: WinogradParameters) -> WinogradParameters {
    var first = parameters
    first.kHigh = UnsafePointer(ends.pointer)
    return first
  }

  /// The arguments of the products of the second half, which are added to those of the first.
  func second(_ parameters: WinogradParameters) -> WinogradParameters {
    var second = parameters
    (second.kLow, second.weightOffset) = (UnsafePointer(ends.pointer), UnsafePointer(offsets.pointer))
    second.accumulates = true
    return second
  }
}
