// SPDX-License-Identifier: Apache-2.0

/// The one place where versions are written: the header, the soname, the pkg-config file and the programs read it.
package enum Version {
  package static let major = 0
  package static let minor = 1
  package static let patch = 0
  /// `-dev` between releases, empty in one.
  package static let suffix = "-dev"

  /// The shared library's interface, counted apart from the release: `libliae.so.S.A.P`.
  /// An incompatible change: S + 1, A = P = 0. A compatible addition: A + 1, P = 0. No change of the interface: P + 1.
  package static let soname = 0
  package static let age = 1
  package static let interfacePatch = 0

  package static var string: String { "\(major).\(minor).\(patch)\(suffix)" }
  /// `major * 10000 + minor * 100 + patch`.
  package static var number: Int { major * 10_000 + minor * 100 + patch }
}
