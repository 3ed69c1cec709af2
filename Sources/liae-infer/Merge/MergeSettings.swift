// SPDX-License-Identifier: Apache-2.0
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
    let text = Array((json.text() + "\n").utf8)
    if File.kind(path) == .file, try SmallFile.read(path) == text { return }
    try File.writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in try writer.write(text) }
  }
}

/// One setting: its key, what values it takes, and how they go in and out.
struct Setting {
  let key: String
  let expected: String
  /// Whether null, which only a file can say, stands for what it is without the setting.
  var takesNull = false
  let get: (MergeSettings) -> JSON
  /// False for a value that is not possible.
  let set: (inout MergeSettings, JSON) -> Bool
}

extension MergeSettings {
  /// DeepFaceLab's names of merge modes and mask modes, in the order of its numbers.
  static let modes = [
    "original", "overlay", "hist-match", "seamless", "seamless-hist-match", "raw-rgb", "raw-predict",
  ]
  static let maskModes = [
    "full", "dst", "learned-prd", "learned-dst", "learned-prd*learned-dst", "learned-prd+learned-dst", "xseg-prd",
    "xseg-dst", "xseg-prd*xseg-dst", "learned-prd*learned-dst*xseg-prd*xseg-dst", "given",
  ]
  static let colorTransfers = ["none", "rct", "lct", "mkl", "mkl-m", "idt", "idt-m", "sot-m", "mix-m"]
  static let sharpenings = ["none", "box", "gaussian"]

  nonisolated(unsafe) static let table: [Setting] = [
    choice("mode", modes, \.options.blend),
    choice("mask-mode", maskModes, \.options.maskMode),
    whole("erode", -400...400, \.options.erode),
    whole("blur", 0...400, \.options.blur),
    whole("face-scale", -50...50, \.options.faceScale),
    choice("color-transfer", colorTransfers, \.options.colorTransfer),
    whole("hist-match-threshold", 0...255, \.options.histogramThreshold),
    Setting(
      key: "masked-hist-match", expected: "true or false", get: { .boolean($0.options.masksHistogramMatch) },
      set: { settings, value in
        guard case .boolean(let isOn) = value else { return false }
        settings.options.masksHistogramMatch = isOn
        return true
      }),
    choice("sharpen", sharpenings, \.options.sharpening),
    whole("sharpen-amount", -100...100, \.options.sharpenAmount),
    whole("motion-blur", 0...100, \.options.motionBlur),
    whole("denoise", 0...500, \.options.denoise),
    whole("bicubic-degrade", 0...100, \.options.bicubicDegrade),
    whole("color-degrade", 0...100, \.options.colorDegrade),
    Setting(
      key: "seed", expected: "a whole number, 0 or more", get: { .integer(Int(clamping: $0.options.seed)) },
      set: { settings, value in
        guard let seed = value.whole, seed >= 0 else { return false }
        settings.options.seed = UInt64(seed)
        return true
      }),
    Setting(
      key: "face-type", expected: FaceType.allCases.map(\.rawValue).joined(separator: ", "), takesNull: true,
      get: { $0.faceType.map { .string($0.rawValue) } ?? .null },
      set: { settings, value in
        guard let text = value.text else {
          settings.faceType = nil
          return value.isNull
        }
        settings.faceType = FaceType(rawValue: text)
        return settings.faceType != nil
      }),
    Setting(
      key: "smooth-landmarks", expected: LandmarkSmoothing.expected, takesNull: true,
      get: { $0.landmarkSmoothing.map { .array([.number($0.cutoff), .number($0.slope)]) } ?? .null },
      set: { settings, value in
        settings.landmarkSmoothing = LandmarkSmoothing(value)
        return settings.landmarkSmoothing != nil || value.isNull
      }),
    rate("smooth-mask", \.maskSmoothing),
    rate("smooth-color", \.colorSmoothing),
  ]

  private static func whole(
    _ key: String, _ range: ClosedRange<Int>, _ path: WritableKeyPath<MergeSettings, Int>
  ) -> Setting {
    Setting(
      key: key, expected: "\(range.lowerBound) to \(range.upperBound)", get: { .integer($0[keyPath: path]) },
      set: { settings, value in
        guard let number = value.whole, range.contains(number) else { return false }
        settings[keyPath: path] = number
        return true
      })
  }

  /// A value by its name or by DeepFaceLab's number, which is its raw value.
  private static func choice<Choice: RawRepresentable>(
    _ key: String, _ names: [String], _ path: WritableKeyPath<MergeSettings, Choice>
  ) -> Setting where Choice.RawValue == Int32 {
    Setting(
      key: key, expected: names.joined(separator: ", "),
      get: { settings in
        let number = Int(settings[keyPath: path].rawValue)
        return names.indices.contains(number) ? .string(names[number]) : .integer(number)
      },
      set: { settings, value in
        let name = value.text?.lowercased()
        guard let number = name.flatMap({ names.firstIndex(of: $0) ?? Int($0) }) ?? value.whole,
          names.indices.contains(number), let choice = Choice(rawValue: Int32(number))
        else { return false }
        settings[keyPath: path] = choice
        return true
      })
  }

  private static func rate(_ key: String, _ path: WritableKeyPath<MergeSettings, Double?>) -> Setting {
    Setting(
      key: key, expected: "a number above 0 and up to 1", takesNull: true,
      get: { $0[keyPath: path].map(JSON.number) ?? .null },
      set: { settings, value in
        settings[keyPath: path] = value.real
        return value.isNull || value.real.map { $0 > 0 && $0 <= 1 } == true
      })
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
