// SPDX-License-Identifier: Apache-2.0

/// One setting: its key, what values it takes, and how they go in and out.
package struct Setting<Settings> {
  package let key: String
  package let expected: String
  /// True if null, which only a file can say, stands for what it is without the setting.
  package let takesNull: Bool
  package let get: (Settings) -> JSON
  /// False for a value that is not possible.
  package let set: (inout Settings, JSON) -> Bool

  package init(
    key: String, expected: String, takesNull: Bool = false, get: @escaping (Settings) -> JSON,
    set: @escaping (inout Settings, JSON) -> Bool
  ) {
    (self.key, self.expected, self.takesNull, self.get, self.set) = (key, expected, takesNull, get, set)
  }
}

// The usual kinds.
extension Setting {
  package static func whole(
    _ key: String, _ range: ClosedRange<Int>, _ path: WritableKeyPath<Settings, Int>
  ) -> Setting {
    Setting(
      key: key, expected: describe(range), get: { .integer($0[keyPath: path]) },
      set: { settings, value in
        guard let number = value.whole, range.contains(number) else { return false }
        settings[keyPath: path] = number
        return true
      })
  }

  package static func whole(
    _ key: String, _ range: ClosedRange<Int>, _ path: WritableKeyPath<Settings, Int?>
  ) -> Setting {
    Setting(
      key: key, expected: describe(range), takesNull: true,
      get: { $0[keyPath: path].map(JSON.integer) ?? .null },
      set: { settings, value in
        settings[keyPath: path] = value.whole
        return value.isNull || value.whole.map(range.contains) == true
      })
  }

  package static func real(
    _ key: String, _ range: ClosedRange<Double>, _ path: WritableKeyPath<Settings, Float>
  ) -> Setting {
    Setting(
      key: key, expected: "\(shortest(range.lowerBound)) to \(shortest(range.upperBound))",
      // The shortest decimal number that is this float, not the many digits of the double.
      get: { .number(Double($0[keyPath: path].description) ?? Double($0[keyPath: path])) },
      set: { settings, value in
        guard let number = value.real, range.contains(number) else { return false }
        settings[keyPath: path] = Float(number)
        return true
      })
  }

  package static func real(
    _ key: String, _ range: ClosedRange<Double>, _ path: WritableKeyPath<Settings, Double>
  ) -> Setting {
    Setting(
      key: key, expected: "\(shortest(range.lowerBound)) to \(shortest(range.upperBound))",
      get: { .number($0[keyPath: path]) },
      set: { settings, value in
        guard let number = value.real, range.contains(number) else { return false }
        settings[keyPath: path] = number
        return true
      })
  }

  package static func real(
    _ key: String, _ range: ClosedRange<Double>, _ path: WritableKeyPath<Settings, Double?>
  ) -> Setting {
    Setting(
      key: key, expected: "\(shortest(range.lowerBound)) to \(shortest(range.upperBound))", takesNull: true,
      get: { $0[keyPath: path].map(JSON.number) ?? .null },
      set: { settings, value in
        settings[keyPath: path] = value.real
        return value.isNull || value.real.map(range.contains) == true
      })
  }

  package static func boolean(_ key: String, _ path: WritableKeyPath<Settings, Bool>) -> Setting {
    Setting(
      key: key, expected: "true or false", get: { .boolean($0[keyPath: path]) },
      set: { settings, value in
        guard case .boolean(let isOn) = value else { return false }
        settings[keyPath: path] = isOn
        return true
      })
  }

  /// A value by its name.
  package static func named<Choice: RawRepresentable & CaseIterable>(
    _ key: String, _ path: WritableKeyPath<Settings, Choice>
  ) -> Setting where Choice.RawValue == String {
    Setting(
      key: key, expected: Choice.allCases.map(\.rawValue).joined(separator: ", "),
      get: { .string($0[keyPath: path].rawValue) },
      set: { settings, value in
        guard let choice = value.text.flatMap(Choice.init(rawValue:)) else { return false }
        settings[keyPath: path] = choice
        return true
      })
  }

  /// A value by its place among `names`, which is its raw value: by its name or by that number.
  package static func choice<Choice: RawRepresentable>(
    _ key: String, _ names: [String], _ path: WritableKeyPath<Settings, Choice>
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

  private static func describe(_ range: ClosedRange<Int>) -> String {
    range.upperBound == .max
      ? "a whole number, \(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
  }

  private static func shortest(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }
}
