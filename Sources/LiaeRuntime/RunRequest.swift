// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// The outputs that a run is asked for.
struct RunRequest {
  /// `swap`, `destination`, `morph` or `segment`.
  let branch: String
  let rgb, mask, destinationMask: Bool

  /// Places of all requests, for tables.
  static let count = 4 * 8

  init(branch: String, rgb: Bool, mask: Bool, destinationMask: Bool) {
    self.branch = branch
    self.rgb = rgb
    // The picture's mask is the destination's mask there: one is computed, both are handed out.
    let isShared = branch == "destination"
    self.mask = mask || (isShared && destinationMask)
    self.destinationMask = destinationMask && !isShared
  }

  /// The place in a table of `count`.
  var index: Int {
    let mode = branch == "swap" ? 0 : branch == "morph" ? 1 : branch == "destination" ? 2 : 3
    return mode * 8 + (rgb ? 1 : 0) + (mask ? 2 : 0) + (destinationMask ? 4 : 0)
  }

  /// The graph's outputs.
  var outputs: [String] {
    (rgb ? ["\(branch).rgb"] : []) + (mask ? ["\(branch).mask"] : []) + (destinationMask ? ["destination.mask"] : [])
  }

  /// Lists everything that runs of a network can ask for, each once.
  static func all(of graph: Graph) -> [RunRequest] {
    var requests: [RunRequest] = []
    if graph.hasOutput("segment.mask") {
      requests.append(RunRequest(branch: "segment", rgb: false, mask: true, destinationMask: false))
    }
    for branch in ["swap", "morph", "destination"] where graph.hasOutput("\(branch).rgb") {
      for bits in 1..<8 {
        let request = RunRequest(
          branch: branch, rgb: bits & 1 != 0, mask: bits & 2 != 0, destinationMask: bits & 4 != 0)
        if !requests.contains(where: { $0.index == request.index }) { requests.append(request) }
      }
    }
    return requests
  }
}
