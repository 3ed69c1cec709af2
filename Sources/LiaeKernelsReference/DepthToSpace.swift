// SPDX-License-Identifier: Apache-2.0
import LiaeGraph

extension Reference {
  /// out[c, 2y+dy, 2x+dx] = in[c*4 + dy*2 + dx, y, x], in DCR order in[(dy*2 + dx)*C + c, y, x].
  ///
  /// Shapes: input (4C,H,W), output (C,2H,2W).
  package static func depthToSpace(
    _ order: ShuffleOrder, channels: Int, height: Int, width: Int, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) {
    for c in 0..<channels {
      for dy in 0..<2 {
        for dx in 0..<2 {
          let channel = order == .crd ? c * 4 + dy * 2 + dx : (dy * 2 + dx) * channels + c
          let plane = input + channel * height * width
          for y in 0..<height {
            for x in 0..<width {
              output[(c * 2 * height + 2 * y + dy) * 2 * width + 2 * x + dx] = plane[y * width + x]
            }
          }
        }
      }
    }
  }
}
