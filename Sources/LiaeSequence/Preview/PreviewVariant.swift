// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeText

/// Settings of a merge to be looked at beside others.
package struct PreviewVariant {
  package let settings: MergeSettings
  /// The options of the command line that distinguish this variant from the given settings.
  package let options: String

  /// - Parameter changes: keys and values of a settings file.
  /// - Throws: `invalidArgument` for values that are not possible, or not in a preview.
  init(_ base: MergeSettings, _ changes: [(key: String, value: JSON)]) throws(LiaeError) {
    var settings = base
    for (key, value) in changes {
      guard !key.hasPrefix("smooth-") else {
        throw LiaeError(
          .invalidArgument, "--try \(key): it has no effect on a single frame; compare short sequences instead")
      }
      try settings.set(key, value, source: "--try ")
    }
    try settings.check()
    guard settings.options.blend != .rawPredict, settings.options.maskMode != .given else {
      throw LiaeError(.invalidArgument, "--preview shows neither --mode raw-predict nor --mask-mode given")
    }
    self.settings = settings
    options = changes.map { key, value in
      if case .boolean(let isOn) = value { return isOn ? "" : "--no-\(key)" }
      return "--\(key) \(value.text ?? value.text())"
    }.filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// Columns of a row at most.
  private static let columns = 6
  /// Variants of a sheet at most.
  private static let most = 120

  /// The rows of a sheet: of one option its values, of two every pair, a row for each value of the first; of more every
  /// combination.
  ///
  /// - Parameters:
  ///   - tries: `option=a,b,c` each; none: masks, colour transfers, and steps of erode and blur.
  ///   - hasXSeg: whether there is an XSeg model, whose masks are shown too.
  package static func rows(_ base: MergeSettings, tries: [String], hasXSeg: Bool = false) throws(LiaeError)
    -> [[PreviewVariant]]
  {
    guard !tries.isEmpty else { return try usual(base, hasXSeg: hasXSeg) }
    var combinations: [[(key: String, value: JSON)]] = [[]]
    var counts: [Int] = []
    for text in tries {
      let values = try Self.values(text)
      counts.append(values.count)
      guard combinations.count * values.count <= most else {
        throw LiaeError(.invalidArgument, "--try: more than \(most) combinations on one sheet")
      }
      combinations = combinations.flatMap { before in values.map { before + [$0] } }
    }
    var variants: [PreviewVariant] = []
    for combination in combinations { variants.append(try PreviewVariant(base, combination)) }
    let width = counts.count == 2 && counts[1] <= 2 * columns ? counts[1] : columns
    return stride(from: 0, to: variants.count, by: width).map { Array(variants[$0..<min($0 + width, variants.count)]) }
  }

  private static func usual(_ base: MergeSettings, hasXSeg: Bool) throws(LiaeError) -> [[PreviewVariant]] {
    let masks = ["full", "dst", "learned-prd", "learned-dst", "learned-prd*learned-dst", "learned-prd+learned-dst"]
    // sot-m and mix-m take seconds.
    let transfers = ["none", "rct", "lct", "mkl", "mkl-m", "idt"]
    let steps = [(-40, 20), (0, 20), (0, 80), (40, 20), (40, 80), (100, 80)]
    var rows: [[PreviewVariant]] = [[], [], []]
    for mask in masks { rows[0].append(try PreviewVariant(base, [("mask-mode", .string(mask))])) }
    for transfer in transfers { rows[1].append(try PreviewVariant(base, [("color-transfer", .string(transfer))])) }
    for (erode, blur) in steps {
      rows[2].append(try PreviewVariant(base, [("erode", .integer(erode)), ("blur", .integer(blur))]))
    }
    if hasXSeg {
      let masks = ["xseg-prd", "xseg-dst", "xseg-prd*xseg-dst", "learned-prd*learned-dst*xseg-prd*xseg-dst"]
      var row: [PreviewVariant] = []
      for mask in masks { row.append(try PreviewVariant(base, [("mask-mode", .string(mask))])) }
      rows.insert(row, at: 1)
    }
    return rows
  }

  /// The values of `option=a,b,c`.
  private static func values(_ text: String) throws(LiaeError) -> [(key: String, value: JSON)] {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw LiaeError(.invalidArgument, "--try \(text): expected an option and its values, as erode=0,20,40")
    }
    let key = String(text[..<equals])
    return text[text.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false).map { part in
      let part = String(part)
      if let whole = Int(part) { return (key, .integer(whole)) }
      if let number = Double(part) { return (key, .number(number)) }
      return (key, part == "true" || part == "false" ? .boolean(part == "true") : .string(part))
    }
  }
}
