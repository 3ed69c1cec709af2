// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeImageIO
import LiaeSynth
import LiaeText

/// Means over frames, as a table and as JSON.
struct EvaluationReport {
  enum Answer: String, CaseIterable {
    case swap, unchanged, mean, destination, source

    func description(_ names: (source: String, destination: String)) -> String {
      switch self {
      case .swap: return "the model's swap"
      case .unchanged: return "\(names.destination) unchanged"
      case .mean: return "\(names.source)'s mean face"
      case .destination: return "\(names.destination) reconstructed"
      case .source: return "\(names.source) reconstructed"
      }
    }

    /// What it is compared with.
    func truth(_ names: (source: String, destination: String)) -> String {
      switch self {
      case .swap, .unchanged, .mean: return "true swap"
      case .destination: return names.destination
      case .source: return names.source
      }
    }
  }

  let names: (source: String, destination: String)
  let resolution: Int
  var sheet: ContactSheet
  private var results: [Answer: [ImageQuality]] = [:]

  init(names: (source: String, destination: String), resolution: Int, sheetSide: Int) {
    (self.names, self.resolution) = (names, resolution)
    sheet = ContactSheet(columns: 5, side: sheetSide)
  }

  mutating func add(_ answer: Answer, _ quality: ImageQuality) { results[answer, default: []].append(quality) }

  private struct Summary {
    var psnr, worst, ssim: Double
  }

  private func summary(_ answer: Answer) -> Summary {
    let all = results[answer] ?? []
    let count = Double(max(1, all.count))
    return Summary(
      psnr: all.reduce(0) { $0 + $1.psnr } / count, worst: all.map(\.psnr).min() ?? 0,
      ssim: all.reduce(0) { $0 + $1.ssim } / count)
  }

  var table: String {
    let count = results[.swap]?.count ?? 0
    var lines = [
      "\(count) frames of \(names.destination) that no training set has, \(resolution) x \(resolution) pixels",
      "",
      "answer".padded(to: 22) + "compared with".padded(to: 16) + "PSNR dB   worst    SSIM",
    ]
    for answer in Answer.allCases {
      let s = summary(answer)
      lines.append(
        answer.description(names).padded(to: 22) + answer.truth(names).padded(to: 16)
          + s.psnr.fixed(2).rightAligned(to: 7) + s.worst.fixed(2).rightAligned(to: 8)
          + s.ssim.fixed(4).rightAligned(to: 8))
    }
    return lines.joined(separator: "\n")
  }

  var json: JSON {
    .object(
      [
        ("source", .string(names.source)), ("destination", .string(names.destination)),
        ("resolution", .integer(resolution)), ("frames", .integer(results[.swap]?.count ?? 0)),
      ]
        + Answer.allCases.map { answer in
          let s = summary(answer)
          return (
            answer.rawValue,
            .object([("psnr", .number(s.psnr)), ("worst_psnr", .number(s.worst)), ("ssim", .number(s.ssim))])
          )
        })
  }
}
