// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor
import LiaeText

/// Counts weights of a model that are not finite, or so small that processors slow down over them (denormal).
package struct WeightReport {
  /// A line for each tensor with weights that are not finite, naming the first of them.
  package private(set) var complaints: [String] = []
  package private(set) var count = 0
  package private(set) var denormals = 0

  /// Places that are named for each tensor.
  private static let placesNamed = 4

  package var isFinite: Bool { complaints.isEmpty }

  package init(_ model: Model) throws(LiaeError) {
    for spec in model.graph.tensors where !spec.isUnused {
      let tensor = try model.tensor(spec.name)
      var (places, bad): ([String], Int) = ([], 0)
      for index in 0..<tensor.count {
        if index % TensorView.elementsUntilCheck == 0 { try CallScope.check() }
        let value = tensor[index]
        if value.isFinite {
          if value.isSubnormal { denormals += 1 }
          continue
        }
        bad += 1
        if places.count < Self.placesNamed { places.append("\(Self.place(index, spec.shape)) = \(value)") }
      }
      count += tensor.count
      if bad > 0 {
        let more = bad > places.count ? " and \(grouped(bad - places.count)) more" : ""
        complaints.append("\(spec.name): \(places.joined(separator: ", "))\(more)")
      }
    }
  }

  package var text: String {
    let share = count > 0 ? Double(denormals) / Double(count) * 100 : 0
    var lines = ["weights     \(grouped(count)), \(grouped(denormals)) denormal (\(share.fixed(4)) %)"]
    lines.append(isFinite ? "finite      all" : "not finite  in \(complaints.count) tensors")
    lines += complaints.map { "  \($0)" }
    return lines.joined(separator: "\n")
  }

  /// A flat index as `[o, i, y, x]`.
  private static func place(_ index: Int, _ shape: [Int]) -> String {
    var (rest, parts): (Int, [String]) = (index, [])
    for size in shape.reversed() {
      parts.append(String(rest % size))
      rest /= size
    }
    return "[\(parts.reversed().joined(separator: ", "))]"
  }
}
