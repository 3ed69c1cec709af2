// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The time that operations take in iterations: for each convolution its three passes, and what lies outside of them.
package final class OperationProfile {
  /// A pass of a convolution in an iteration.
  package enum Pass: Int, CaseIterable, Sendable {
    case forward, weights, input

    package var name: String {
      switch self {
      case .forward: "forwards"
      case .weights: "by weights"
      case .input: "by input"
      }
    }
  }

  /// One convolution.
  package struct Layer {
    package let name: String
    /// The method of the operation: `F4`, `F2` or `patches`.
    package let method: String
    /// Multiplications of the method, of one pass.
    package var multiplications = 0.0
    /// Seconds of each `Pass`, and how often it ran.
    package var seconds = [0.0, 0, 0]
    package var runs = [0.0, 0, 0]
  }

  package private(set) var layers: [Layer] = []
  /// Seconds of what is no convolution, in the order in which they were first measured.
  package private(set) var others: [(name: String, seconds: Double)] = []
  private var indices: [String: Int] = [:]
  private var current = 0

  package init() {}

  /// Says which convolution the passes that follow belong to.
  func begin(_ name: String, method: String, multiplications: Double) {
    let key = "\(name) \(method) \(multiplications)"
    if let known = indices[key] {
      current = known
      return
    }
    current = layers.count
    indices[key] = current
    layers.append(Layer(name: name, method: method, multiplications: multiplications))
  }

  /// - Parameter share: of the multiplications of a pass that were made.
  func add(_ pass: Pass, seconds: Double, share: Double) {
    layers[current].seconds[pass.rawValue] += seconds
    layers[current].runs[pass.rawValue] += share
  }

  func add(_ name: String, seconds: Double) {
    if let known = others.firstIndex(where: { $0.name == name }) {
      others[known].seconds += seconds
    } else {
      others.append((name, seconds))
    }
  }
}

extension Engine {
  /// Runs a pass of a convolution, measured where a profile is kept.
  ///
  /// - Parameter share: of the pass.
  func measured<T>(
    _ pass: OperationProfile.Pass, share: Double = 1, _ body: () throws(LiaeError) -> T
  ) throws(LiaeError) -> T {
    guard let profile else { return try body() }
    let start = monotonicNanoseconds()
    defer { profile.add(pass, seconds: Double(monotonicNanoseconds() - start) * 1e-9, share: share) }
    return try body()
  }

  /// The same of something else.
  func measured<T>(_ name: String, _ body: () throws(LiaeError) -> T) throws(LiaeError) -> T {
    guard let profile else { return try body() }
    let start = monotonicNanoseconds()
    defer { profile.add(name, seconds: Double(monotonicNanoseconds() - start) * 1e-9) }
    return try body()
  }
}
