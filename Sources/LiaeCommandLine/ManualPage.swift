// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeSystem
import LiaeText

/// The manual page of a program, in the language of man(7), made from what its argument parser says of itself.
package struct ManualPage {
  private let root: JSON
  private let name: String
  private var lines: [String] = []

  /// - Throws: `internalError` where the parser's description is not as expected.
  package init(of program: any ParsableCommand.Type) throws(LiaeError) {
    let document = try JSON(parsing: Array(program._dumpHelp().utf8), name: "what the parser says of itself")
    guard let root = document["command"], let name = root["commandName"]?.text else {
      throw LiaeError(.internalError, "the parser names no command")
    }
    (self.root, self.name) = (root, name)
    write()
  }

  /// The whole page.
  package var text: String { lines.joined(separator: "\n") + "\n" }

  private mutating func write() {
    lines = [
      ".TH \(name.uppercased().escaped) 1 \"\" \"libliae \(Version.string.escaped)\" \"User Commands\"",
      ".SH NAME", "\(name.escaped) \\- \((root["abstract"]?.text ?? "").withoutPeriod.escaped)", ".SH SYNOPSIS",
      ".B \(name.escaped)", ".I command", "[options]", ".br", ".B \(name.escaped)", ".RI [ command ]",
      "\\-\\-help", ".SH DESCRIPTION",
    ]
    paragraphs(root["discussion"]?.text)
    lines.append(".SH COMMANDS")
    let commands = (root["subcommands"]?.elements ?? []).filter { $0["commandName"]?.text != "help" }
    for command in commands { write(command) }
    lines += [
      ".SH SEE ALSO",
      (["liae-infer", "liae-train"].filter { $0 != name }.map { ".BR \($0.escaped) (1)" } + [
        ".BR ffmpeg (1)", "and the documents of libliae, in its sources.",
      ]).joined(separator: "\n"),
    ]
  }

  private mutating func write(_ command: JSON) {
    let arguments = (command["arguments"]?.elements ?? []).filter { $0["shouldDisplay"]?.isTrue ?? false }
    lines.append(".SS \(quoted: "\(name) \(command["commandName"]?.text ?? "")")")
    lines.append((command["abstract"]?.text ?? "").escaped)
    let positional = arguments.filter { $0["kind"]?.text == "positional" }.map { "<\($0["valueName"]?.text ?? "")>" }
    lines += [".PP", ".B \(name.escaped) \((command["commandName"]?.text ?? "").escaped)"]
    lines.append((["[options]"] + positional).joined(separator: " ").escaped)
    lines.append(".PP")
    paragraphs(command["discussion"]?.text)
    var section: String?
    for argument in arguments {
      let title = argument["sectionTitle"]?.text
      if title != section {
        section = title
        lines += [".PP", "\(title ?? "Other options"):".escaped]
      }
      write(argument: argument)
    }
  }

  private mutating func write(argument: JSON) {
    let value = argument["valueName"]?.text ?? ""
    let kind = argument["kind"]?.text
    let names = (argument["names"]?.elements ?? []).compactMap { name -> String? in
      guard let text = name["name"]?.text else { return nil }
      return name["kind"]?.text == "long" ? "--\(text)" : "-\(text)"
    }
    var heading = "\\fB\(names.joined(separator: ", ").escaped)\\fR"
    if kind == "positional" { heading = "\\fI\(value.escaped)\\fR" }
    if kind == "option" { heading += " \\fI\(value.escaped)\\fR" }
    var text = argument["abstract"]?.text ?? ""
    if let known = argument["allValues"]?.elements?.compactMap(\.text), !known.isEmpty {
      text += " (values: \(known.joined(separator: ", ")))"
    }
    if kind != "flag", let usual = argument["defaultValue"]?.text { text += " (default: \(usual))" }
    lines += [".TP", heading, text.escaped]
  }

  /// Text whose lines are filled, but for those that begin with blanks and the ones right after them.
  private mutating func paragraphs(_ text: String?) {
    for paragraph in (text ?? "").split(separator: "\n", omittingEmptySubsequences: false).split(separator: "") {
      let isFixed = paragraph.contains { $0.hasPrefix("  ") }
      if isFixed { lines.append(".nf") }
      lines += paragraph.map { String($0).escaped }
      lines += isFixed ? [".fi", ".PP"] : [".PP"]
    }
    if lines.last == ".PP" { lines.removeLast() }
  }
}

extension JSON {
  fileprivate var isTrue: Bool { if case .boolean(true) = self { true } else { false } }
}

extension String {
  /// The text is written so that man(7) prints it literally.
  fileprivate var escaped: String {
    let text = reduce(into: "") { text, character in
      switch character {
      case "\\": text += "\\e"
      case "-": text += "\\-"
      case "'": text += "\\(aq"
      default: text.append(character)
      }
    }
    return hasPrefix(".") ? "\\&\(text)" : text
  }

  fileprivate var withoutPeriod: String { hasSuffix(".") ? String(dropLast()) : self }
}

extension DefaultStringInterpolation {
  /// An argument of a macro, in quotation marks.
  fileprivate mutating func appendInterpolation(quoted text: String) {
    appendLiteral("\"\(text.escaped)\"")
  }
}
