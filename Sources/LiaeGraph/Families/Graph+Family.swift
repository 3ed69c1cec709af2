// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

// Every family has the outputs `swap.rgb` and `swap.mask`, `destination.rgb` and `destination.mask`; those that can
// morph also `morph.rgb` and `morph.mask`. Values by name: `encoded`, what the latent modules read; `MODULE`, what a
// latent module makes; `RUN.code`, what the decoder reads in a run.

extension Graph {
  /// The network of an architecture.
  ///
  /// - Throws: `unknownArchitecture` for an architecture that there is not.
  package init(_ architecture: Architecture) throws(LiaeError) {
    try architecture.validate()
    switch architecture.family {
    case .liae: self = try .liae(architecture)
    case .df: self = try .df(architecture)
    case .amp: self = try .amp(architecture)
    }
  }

  /// LIAE: one decoder, which reads the codes of two latent modules, and in a swap that of inter_AB twice.
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
    for (run, code) in [("swap", swap), ("morph", morph), ("destination", destination)] {
      try graph.decoder("decoder", code, run: run, a)
    }
    return graph
  }

  /// DF: one latent module, and a decoder for each side.
  ///
  /// Source: DeepFaceLab's SAEHD, `archi` df.
  static func df(_ a: Architecture) throws(LiaeError) -> Graph {
    var graph = Graph()
    let code = try graph.latentModule("inter", try graph.encoder(a), a)
    try graph.decoder("decoder_src", code, run: "swap", a)
    try graph.decoder("decoder_dst", code, run: "destination", a)
    return graph
  }

  /// AMP: two latent modules of one dense layer each, whose codes are mixed by channels, and one decoder. The swap is
  /// the morph at 1.
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
    for (run, code) in [("swap", source), ("morph", morph), ("destination", destination)] {
      try graph.decoder("decoder", code, run: run, a)
    }
    return graph
  }
}
