// SPDX-License-Identifier: Apache-2.0

/// The layout of a trained convolution's weights in memory: [group][panel of 32 outputs][input][tap][output], so that
/// what a block of output channels is made of follows one another, and so does what a block of input channels needs of
/// 32 outputs. The last panel of a group has fewer outputs.
///
/// Groups are the quarters of a depth-to-space. Files have [tap][input][output].
@usableFromInline package struct PanelLayout: Hashable, Sendable {
  @usableFromInline package let taps, inputs, outputs, groups: Int

  /// Outputs of a panel: a whole number of vectors of every instruction set.
  @inlinable @inline(__always) package static var panel: Int { 32 }

  @inlinable package init(taps: Int, inputs: Int, outputs: Int, groups: Int = 1) {
    (self.taps, self.inputs, self.outputs, self.groups) = (taps, inputs, outputs, groups)
  }

  /// Outputs of a group.
  @inlinable @inline(__always) package var groupOutputs: Int { outputs / groups }

  /// Returns the offset of output `channel` of a group for the first input and tap, and the floats from one tap to the
  /// next.
  @inlinable @inline(__always) package func begin(group: Int, channel: Int) -> (offset: Int, tapStride: Int) {
    let first = channel & ~(Self.panel - 1), width = min(Self.panel, groupOutputs - first)
    return ((group * groupOutputs + first) * taps * inputs + channel - first, width)
  }

  /// Calls `body(tap, input, first output, place, outputs)` for stretches of outputs that stand together, which files have
  /// at (tap * inputs + input) * outputs + first output.
  @inlinable @inline(__always)
  package func forEachStretch(_ body: (_ tap: Int, _ input: Int, _ output: Int, _ place: Int, _ count: Int) -> Void) {
    for tap in 0..<taps {
      for input in 0..<inputs {
        for group in 0..<groups {
          for channel in stride(from: 0, to: groupOutputs, by: Self.panel) {
            let (offset, width) = begin(group: group, channel: channel)
            body(tap, input, group * groupOutputs + channel, offset + (input * taps + tap) * width, width)
          }
        }
      }
    }
  }

  /// Returns the offset of an element.
  @inlinable @inline(__always) package func place(tap: Int, input: Int, output: Int) -> Int {
    let group = output / groupOutputs
    let (offset, width) = begin(group: group, channel: output - group * groupOutputs)
    return offset + (input * taps + tap) * width
  }
}
