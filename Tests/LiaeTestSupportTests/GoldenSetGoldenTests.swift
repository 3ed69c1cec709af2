// SPDX-License-Identifier: Apache-2.0
import LiaeTestSupport
import Testing

/// Tests what the chosen golden data hold, so that nothing is left out in silence.
@Suite struct GoldenSetGoldenTests {
  private static let set = GoldenSet.chosen

  /// A folder that is none, or holds something else, would let every other golden test be skipped.
  @Test func thereAreParts() {
    let parts = GoldenSet.parts.filter { Self.set.has($0.name) }
    #expect(!parts.isEmpty, "\(Self.set.root) holds no golden data")
    for (name, files) in parts {
      #expect(files.contains { Self.set.hasFile("\(name)/\($0)") }, "\(Self.set.path(name)) has none of \(files)")
    }
  }

  @Test(.golden("networks")) func networksAreOfAKnownKind() {
    for network in GoldenNetwork.everything {
      #expect(network.kind != nil, "\(network.folder) holds no network: \(network.files)")
    }
  }

  /// Folders and files that no test reads.
  @Test(.unread(others)) func everyPartIsRead() { #expect(Self.others.isEmpty) }
  private static let others =
    set.folders("").filter { folder in folder != "formats" && !GoldenSet.parts.contains { $0.name == folder } }
    + set.files("networks", suffix: ".npz").filter { $0 != "xseg_layers.npz" }.map { "networks/\($0)" }
}
