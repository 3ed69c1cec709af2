// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
import LiaeSynth
import LiaeText

/// Quality of a model's answers, as means over frames: a table and JSON.
package struct EvaluationReport {
  package enum Answer: String, CaseIterable {
    case swap, matched, unchanged, mean, aligned, destination, source

    func description(_ names: (source: String, destination: String)) -> String {
      switch self {
      case .swap: return "the model's swap"
      case .matched: return "the swap, colours matched"
      case .unchanged: return "\(names.destination) unchanged"
      case .mean: return "\(names.source)'s mean face"
      case .aligned: return "\(names.source), own alignment"
      case .destination: return "\(names.destination) reconstructed"
      case .source: return "\(names.source) reconstructed"
      }
    }

    /// Returns a description of what the answer is compared with.
    func truth(_ names: (source: String, destination: String)) -> String {
      switch self {
      case .swap, .matched, .unchanged, .mean, .aligned: return "true swap"
      case .destination: return names.destination
      case .source: return names.source
      }
    }
  }

  package let names: (source: String, destination: String)
  package let resolution: Int
  /// A row for some frames: destination, swap, true swap, both reconstructions.
  package internal(set) var sheet: ContactSheet
  private var results: [Answer: [ImageQuality]] = [:]

  init(names: (source: String, destination: String), resolution: Int, sheetSide: Int) {
    (self.names, self.resolution) = (names, resolution)
    sheet = ContactSheet(columns: 5, side: sheetSide)
  }

  mutating func add(_ answer: Answer, _ quality: ImageQuality) { results[answer, default: []].append(quality) }

  package struct Summary: Equatable {
    /// Means, dB and -1...1; the worst PSNR.
    package var psnr, worst, ssim: Double
  }

  package func summary(_ answer: Answer) -> Summary {
    let all = results[answer] ?? []
    let count = Double(max(1, all.count))
    return Summary(
      psnr: all.reduce(0) { $0 + $1.psnr } / count, worst: all.map(\.psnr).min() ?? 0,
      ssim: all.reduce(0) { $0 + $1.ssim } / count)
  }

  /// Lines for a terminal.
  package var table: String {
    let count = results[.swap]?.count ?? 0
    var lines = [
      "\(count) frames of \(names.destination) that no training set has, \(resolution) x \(resolution) pixels",
      "",
      "answer".padded(to: 28) + "compared with".padded(to: 16) + "PSNR dB   worst    SSIM",
    ]
    for answer in Answer.allCases {
      let s = summary(answer)
      lines.append(
        answer.description(names).padded(to: 28) + answer.truth(names).padded(to: 16)
          + s.psnr.fixed(2).rightAligned(to: 7) + s.worst.fixed(2).rightAligned(to: 8)
          + s.ssim.fixed(4).rightAligned(to: 8))
    }
    return lines.joined(separator: "\n")
  }

  package var json: JSON {
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
