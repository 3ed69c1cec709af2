// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeFrame
import LiaeSystem

/// How faces are put into frames: what the options of `merge` and `video` and a settings file say.
struct MergeSettings {
  var options = CompositeOptions()
  /// Nil: the model's own.
  var faceType: FaceType?
  var landmarkSmoothing: LandmarkSmoothing?
  /// Weight of the newest frame in an exponential average, above 0 and up to 1; nil: none.
  var maskSmoothing: Double?
  var colorSmoothing: Double?

  /// Whether a frame needs what was kept of the one before.
  var isSequential: Bool { maskSmoothing != nil || colorSmoothing != nil }

  /// - Parameters:
  ///   - file: a settings file, or nil.
  ///   - given: what the command line says; it overrules the file.
  /// - Throws: `ValidationError`-like `Failure` of status `usage` naming the key.
  init(file: String?, given: [(String, JSON)]) throws {
    if let file { try read(file) }
    for (key, value) in given { try set(key, value, source: "--") }
    try check()
  }

  /// - Throws: `Failure` of status `usage` for settings that are possible by themselves and not together, or not here.
  private func check() throws {
    if options.sharpening == .none, options.sharpenAmount > 0 {
      throw Failure(
        .usage, "--sharpen-amount is \(options.sharpenAmount), and --sharpen is none; expected box or gaussian")
    }
    if options.maskMode.needsXSegSwap {
      throw Failure(
        .usage,
        "--mask-mode \(Self.maskModes[Int(options.maskMode.rawValue)]): it takes the XSeg network on the swapped face, "
          + "which this program has not; xseg-dst takes the masks that DeepFaceLab's `xseg apply` has left in the aligned "
          + "faces")
    }
    if colorSmoothing != nil, !options.colorTransfer.hasStatistics {
      func name(_ transfer: ColorTransfer) -> String { Self.colorTransfers[Int(transfer.rawValue)] }
      let able = ColorTransfer.allCases.filter(\.hasStatistics).map(name).joined(separator: ", ")
      throw Failure(
        .usage,
        "--smooth-color: --color-transfer \(name(options.colorTransfer)) has no statistics to average; expected \(able)"
      )
    }
  }

  private mutating func read(_ path: String) throws {
    let text = try SmallFile.read(path)
    let document: JSON
    do throws(LiaeError) { document = try JSON(parsing: text, name: path) } catch {
      throw Failure(.usage, error.message)
    }
    guard case .object(let members) = document else {
      throw Failure(.usage, "\(path): the settings are not an object { \"key\": value, ... }")
    }
    for (key, value) in members { try set(key, value, source: "\(path): ") }
  }

  private mutating func set(_ key: String, _ value: JSON, source: String) throws {
    guard let setting = Self.table.first(where: { $0.key == key }) else {
      let nearest = Self.table.map(\.key).min { $0.distance(to: key) < $1.distance(to: key) } ?? ""
      throw Failure(.usage, "\(source)\(key): there is no such setting; the nearest is \"\(nearest)\"")
    }
    guard setting.set(&self, value) else {
      // "nan" of a command line is no JSON.
      let found = value.real.map { $0.isFinite ? value.text() : "\($0)" } ?? value.text()
      let null = setting.takesNull && source != "--" ? ", or null" : ""
      throw Failure(.usage, "\(source)\(key) is \(found); expected \(setting.expected)\(null)")
    }
  }

  /// Every setting with its value, in the order of the help.
  var json: JSON { .object(Self.table.map { ($0.key, $0.get(self)) }) }

  /// The settings whose values differ, as `key (this -> other)`.
  static func differences(_ a: JSON, _ b: JSON) -> [String] {
    table.compactMap { setting in
      let (a, b) = (a[setting.key]?.text() ?? "nothing", b[setting.key]?.text() ?? "nothing")
      return a == b ? nil : "\(setting.key) (\(a) -> \(b))"
    }
  }

  /// Writes the file that `init` reads. The same content may be there already.
  func write(to path: String, replacing: Bool) throws {
    let text = json.text() + "\n"
    if File.kind(path) == .file, try SmallFile.read(path) == Array(text.utf8) { return }
    try File.writeAtomically(path, replacing: replacing, text: text)
  }
}

/// Strength of the one-euro filter of landmarks.
struct LandmarkSmoothing {
  /// Hz.
  var cutoff = 1.0
  /// Hz for a speed of one face width a second.
  var slope = 1.0

  static let expected = "on, or CUTOFF,BETA in Hz; on is 1,1"

  /// From `on`, `CUTOFF,BETA` or an array of the two.
  init?(_ value: JSON) {
    if value.text == "on" { return }
    let numbers =
      value.elements?.map(\.real)
      ?? value.text?.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard let numbers, numbers.count == 2, let cutoff = numbers[0], let slope = numbers[1],
      cutoff > 0, cutoff <= 1000, slope >= 0, slope <= 1000
    else { return nil }
    (self.cutoff, self.slope) = (cutoff, slope)
  }
}

extension JSON {
  var isNull: Bool {
    if case .null = self { return true }
    return false
  }
}

extension String {
  /// How many letters have to be put in, taken out or exchanged to make `other` of it (Levenshtein).
  func distance(to other: String) -> Int {
    let (a, b) = (Array(utf8), Array(other.utf8))
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let cost = diagonal + (letter == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = Swift.min(cost, row[j + 1] + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}
