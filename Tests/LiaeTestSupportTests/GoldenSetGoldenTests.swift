// SPDX-License-Identifier: Apache-2.0
import LiaeTestSupport
import Testing

/// What the chosen golden data hold, so that nothing is left out in silence.
@Suite struct GoldenSetGoldenTests {
  private static let set = GoldenSet.chosen

  /// A folder that is none, or holds something else, would let every other golden test be skipped.
  @Test func thereAreParts() { #expect(!Self.set.parts.isEmpty, "\(Self.set.root) holds no golden data") }

  @Test(.golden(.networks)) func networksAreOfAKnownKind() {
    #expect(!GoldenNetwork.everything.isEmpty)
    for network in GoldenNetwork.everything {
      #expect(network.kind != nil, "\(network.folder) holds no network: \(network.files)")
    }
  }

  /// Kinds of networks that no test runs.
  @Test(.unread((GoldenNetwork.amp + GoldenNetwork.xseg).map { "\($0) (\($0.kind?.rawValue ?? ""))" }))
  func everyKindOfNetworkIsRead() { #expect(GoldenNetwork.amp.isEmpty && GoldenNetwork.xseg.isEmpty) }

  /// Parts of the data that no test reads.
  @Test(.unread(others)) func everyPartIsRead() { #expect(Self.others.isEmpty) }
  private static let others =
    set.folders("").filter { GoldenSet.Part(rawValue: $0) == nil && $0 != "formats" }
    + set.files("networks", suffix: ".npz").map { "networks/\($0)" }
}
