// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem

/// Declaration of a network in a file, apart from the weights.
struct DeclaredArchitecture {
  /// The source of the declaration, for messages: `me_SAEHD_data.dat`, `the metadata`.
  var source: String
  var family: Architecture.Family
  var options: String
  /// The value is nil if the file does not say.
  var flavour: Architecture.Flavour?
  /// The sizes by DeepFaceLab's names, `resolution` and `e_dims`; those that the file does not say are absent.
  var sizes: [String: Int] = [:]

  init(
    source: String, family: Architecture.Family, options: String, flavour: Architecture.Flavour? = nil,
    sizes: [String: Int] = [:]
  ) {
    (self.source, self.family, self.options) = (source, family, options)
    (self.flavour, self.sizes) = (flavour, sizes)
  }

  /// Family and options as an architecture, whose sizes mean nothing.
  fileprivate var form: Architecture { .smallest(family, options: options) }
}

extension Architecture {
  /// True if the family has options, of which shapes do not tell `u` and `c`.
  var hasOptions: Bool { family == .liae || family == .df }

  /// The sizes that a checkpoint of the family states, by DeepFaceLab's names.
  var sizes: [(name: String, value: Int)] { [("resolution", resolution)] + dims }

  /// Returns this architecture, which was determined from shapes, with `u`, `c` and the flavour as declared.
  ///
  /// - Throws: `shapeMismatch` if the declaration contradicts what shapes tell.
  func settled(by declared: DeclaredArchitecture, file: String) throws(LiaeError) -> Architecture {
    func contradiction(_ what: String, _ said: String, _ found: String) -> LiaeError {
      LiaeError(
        .shapeMismatch, "\(file): \(declared.source) says \(what) \(said), and the shapes of the weights say \(found)")
    }
    let said = declared.form
    guard said.family == family, said.doubleResolution == doubleResolution, said.residualDeep == residualDeep else {
      var plain = self
      if hasOptions { (plain.pixelNorm, plain.cosine) = (false, false) }
      throw contradiction("architecture", said.name, hasOptions ? "\(plain.name) (u and c aside)" : plain.name)
    }
    for (name, found) in sizes {
      if let said = declared.sizes[name], said != found { throw contradiction(name, "\(said)", "\(found)") }
    }
    var result = self
    if let flavour = declared.flavour {
      guard flavour == self.flavour || !doubleResolution else {
        throw contradiction("flavour", flavour.rawValue, self.flavour.rawValue)
      }
      result.flavour = flavour
    }
    (result.pixelNorm, result.cosine) = (said.pixelNorm, said.cosine)
    return result
  }
}
