// SPDX-License-Identifier: Apache-2.0
import LiaeText
import LiaeTrain

/// Says where the time of iterations goes: milliseconds of each convolution's passes and the share of the peak at which
/// their multiplications were done.
package struct ProfileReport {
  package let text: String

  /// - Parameters:
  ///   - times: milliseconds of the iterations that were profiled.
  ///   - peak: multiplications a second.
  package init(_ profile: OperationProfile, times: [Double], peak: Double) {
    let iterations = Double(max(1, times.count))
    var rows: [[String]] = []
    var (seconds, multiplications) = (0.0, 0.0)
    for layer in profile.layers {
      var cells = [layer.name, layer.method, (layer.multiplications * 1e-6).fixed(0)]
      for pass in OperationProfile.Pass.allCases {
        let (time, runs) = (layer.seconds[pass.rawValue], layer.runs[pass.rawValue])
        let work = layer.multiplications * runs
        cells += runs == 0 ? ["", ""] : [(time / iterations * 1e3).fixed(2), percent(work, time, peak)]
        (seconds, multiplications) = (seconds + time, multiplications + work)
      }
      rows.append(cells)
    }
    let header = ["convolution", "method", "M mult."] + OperationProfile.Pass.allCases.flatMap { [$0.name, "% peak"] }
    let all = times.reduce(0, +) / iterations
    var lines = [("convolutions", Self.share(seconds * 1e3 / iterations, all))]
    for other in profile.others { lines.append((other.name, Self.share(other.seconds * 1e3 / iterations, all))) }
    let others = profile.others.reduce(0) { $0 + $1.seconds }
    lines.append(("the rest", Self.share(all - (seconds + others) * 1e3 / iterations, all)))
    lines.append(
      (
        "limit",
        "\((multiplications / peak / iterations * 1e3).fixed(1)) ms: \((multiplications / iterations * 1e-9).fixed(1)) G multiplications at \((peak * 1e-9).fixed(0)) G/s"
      ))
    text = table(header: header, rows: rows, leftColumns: 2) + "\n\n" + listing(lines)
  }

  private static func share(_ milliseconds: Double, _ all: Double) -> String {
    "\(milliseconds.fixed(1)) ms, \((100 * milliseconds / max(all, 1e-9)).fixed(0)) %"
  }
}

private func percent(_ work: Double, _ seconds: Double, _ peak: Double) -> String {
  (100 * work / max(seconds * peak, 1)).fixed(0)
}
