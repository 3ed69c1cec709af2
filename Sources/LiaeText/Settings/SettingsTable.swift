// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

/// Settings that a JSON object and a command line say in the same words: the keys are the names of the options.
package protocol SettingsTable {
  /// Every setting, in the order of the help.
  static var table: [Setting<Self>] { get }
  /// Another word for a key, or another form of its value, as the table has it.
  static func translated(_ key: String, _ value: JSON) -> (key: String, value: JSON)
}

extension SettingsTable {
  package static func translated(_ key: String, _ value: JSON) -> (key: String, value: JSON) { (key, value) }

  /// Takes the members of a settings file over.
  ///
  /// - Returns: the keys that the file has, as the table names them.
  /// - Throws: `invalidArgument` naming the file and the key; what the error is of a file that cannot be read.
  @discardableResult package mutating func read(_ path: String) throws(LiaeError) -> [String] {
    try read(text: SmallFile.read(path), name: path)
  }

  /// The same of a text that is there already.
  @discardableResult package mutating func read(text: [UInt8], name: String) throws(LiaeError) -> [String] {
    let document: JSON
    do throws(LiaeError) { document = try JSON(parsing: text, name: name) } catch {
      throw LiaeError(.invalidArgument, error.message)
    }
    guard case .object(let members) = document else {
      throw LiaeError(.invalidArgument, "\(name): the settings are not an object { \"key\": value, ... }")
    }
    for (key, value) in members { try set(key, value, source: "\(name): ") }
    return members.map { Self.translated($0.0, $0.1).key }
  }

  /// - Parameter source: what stands before the key in messages: `--`, or the file's name.
  /// - Throws: `invalidArgument` for a key that is not there or a value that is not possible.
  package mutating func set(_ key: String, _ value: JSON, source: String) throws(LiaeError) {
    let (key, value) = Self.translated(key, value)
    guard let setting = Self.table.first(where: { $0.key == key }) else {
      let nearest = Self.table.map(\.key).min { $0.distance(to: key) < $1.distance(to: key) } ?? ""
      throw LiaeError(.invalidArgument, "\(source)\(key): there is no such setting; the nearest is \"\(nearest)\"")
    }
    guard setting.set(&self, value) else {
      // "nan" of a command line is no JSON.
      let found = value.real.map { $0.isFinite ? value.text() : "\($0)" } ?? value.text()
      let null = setting.takesNull && source != "--" ? ", or null" : ""
      throw LiaeError(.invalidArgument, "\(source)\(key) is \(found); expected \(setting.expected)\(null)")
    }
  }

  /// Every setting with its value, in the order of the help.
  package var json: JSON { .object(Self.table.map { ($0.key, $0.get(self)) }) }

  /// The settings whose values differ, as `key (this -> other)`.
  package static func differences(_ a: JSON, _ b: JSON) -> [String] {
    table.compactMap { setting in
      let (a, b) = (a[setting.key]?.text() ?? "nothing", b[setting.key]?.text() ?? "nothing")
      return a == b ? nil : "\(setting.key) (\(a) -> \(b))"
    }
  }

  /// Writes the file that `read` reads. The same content may be there already.
  package func write(to path: String, replacing: Bool) throws(LiaeError) {
    let text = json.text() + "\n"
    if File.kind(path) == .file, try SmallFile.read(path) == Array(text.utf8) { return }
    try File.writeAtomically(path, replacing: replacing, text: text)
  }
}

extension String {
  /// Returns how many letters have to be put in, taken out or exchanged to make `other` of it (Levenshtein).
  package func distance(to other: String) -> Int {
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
