// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Weights of a model that are no finite numbers, or so small that processors slow down over them.
struct WeightReport {
  /// What is wrong with one tensor, a line each.
  private(set) var complaints: [String] = []
  private(set) var count = 0
  private(set) var denormals = 0

  /// Places that are named for each tensor.
  private static let placesNamed = 4

  var isFinite: Bool { complaints.isEmpty }

  init(_ model: Model) throws(LiaeError) {
    for spec in model.architecture.tensors where !spec.isUnused {
      let tensor = try model.tensor(spec.name)
      var (places, bad): ([String], Int) = ([], 0)
      for index in 0..<tensor.count {
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

  var text: String {
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
