// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

// Names that the families which swap faces have. Outputs: `swap.rgb` and `swap.mask`, the source's face in the place of the input's;
// `destination.rgb` and `destination.mask`, the reconstruction of a destination's face; in families that can morph
// `morph.rgb` and `morph.mask`, between the two. Values within the network: `encoded`, which the latent modules read;
// the result of each latent module under the name of the module, which begins with `inter`; `swap.code`,
// `destination.code` and `morph.code`, which the decoder reads.

extension Graph {
  /// Builds the network of an architecture.
  ///
  /// - Throws: `unknownArchitecture` if `Architecture.validate` rejects it.
  package init(_ architecture: Architecture) throws(LiaeError) {
    try architecture.validate()
    switch architecture.family {
    case .liae: self = try .liae(architecture)
    case .df: self = try .df(architecture)
    case .amp: self = try .amp(architecture)
    case .xseg: self = try .xseg(architecture)
    }
  }

  /// True if the network computes faces between a destination's and the swap.
  package var canMorph: Bool { hasOutput("morph.rgb") }

  /// True if the network returns a face with the source's identity; a network that segments a face returns one mask.
  package var canSwap: Bool { hasOutput("swap.rgb") }

  /// Names of the latent modules in the order of their nodes: `inter_AB` and `inter_B`, `inter`, `inter_src` and
  /// `inter_dst`.
  package var latentModules: [String] {
    namedValues.filter { $0.key.hasPrefix("inter") }.sorted { $0.value.index < $1.value.index }.map(\.key)
  }

  /// LIAE: one decoder, which reads the results of both latent modules, and for a swap that of inter_AB twice.
  ///
  /// Source: DeepFaceLab's SAEHD, `archi` liae; FORMATS 2.5.
  static func liae(_ a: Architecture) throws(LiaeError) -> Graph {
    var graph = Graph()
    let encoded = try graph.encoder(a)
    let ab = try graph.latentModule("inter_AB", encoded, a)
    let b = try graph.latentModule("inter_B", encoded, a)
    graph.part = "latent"
    let swap = try graph.add(.concatenation, [ab, ab], name: "swap code")
    let destination = try graph.add(.concatenation, [b, ab], name: "destination code")
    let mixed = try graph.add(.lerp, [b, ab], name: "morph")
    let morph = try graph.add(.concatenation, [mixed, ab], name: "morph code")
    for (branch, code) in [("swap", swap), ("morph", morph), ("destination", destination)] {
      try graph.decoder("decoder", code, branch: branch, a)
    }
    return graph
  }

  /// DF: one latent module, and a decoder for each of source and destination.
  ///
  /// Source: DeepFaceLab's SAEHD, `archi` df.
  static func df(_ a: Architecture) throws(LiaeError) -> Graph {
    var graph = Graph()
    let code = try graph.latentModule("inter", try graph.encoder(a), a)
    try graph.decoder("decoder_src", code, branch: "swap", a)
    try graph.decoder("decoder_dst", code, branch: "destination", a)
    return graph
  }

  /// AMP: two latent modules of one dense layer each, whose channels are mixed, and one decoder. The swap equals the
  /// morph at 1.
  ///
  /// Source: DeepFaceLab's AMP; FORMATS 11.3.
  static func amp(_ a: Architecture) throws(LiaeError) -> Graph {
    var graph = Graph()
    let flat = try graph.encoder(a)
    graph.part = "encoder"
    let encoded = try graph.add(.dense(Dense("encoder.dense1", outputs: a.aeDims)), [flat])
    graph.mark("encoded", encoded)
    let source = try graph.latentPicture("inter_src", encoded, a)
    let destination = try graph.latentPicture("inter_dst", encoded, a)
    graph.part = "latent"
    let morph = try graph.add(.mixChannels, [source, destination], name: "morph code")
    for (branch, code) in [("swap", source), ("morph", morph), ("destination", destination)] {
      try graph.decoder("decoder", code, branch: branch, a)
    }
    return graph
  }
}
