// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeText

/// A group of options each of which is a setting of the same name: `--e-dims` of `eDims` sets `e-dims`.
protocol SettingOptions: ParsableArguments {}

extension SettingOptions {
  /// The settings that the command line gives, in the order of the group.
  var given: [(key: String, value: JSON)] {
    Mirror(reflecting: self).children.compactMap { label, option in
      guard let label, let value = (option as? any GivenValue)?.json else { return nil }
      return (Self.key(label), value)
    }
  }

  /// `_eDims`, which is what a property wrapper calls its storage, as `e-dims`.
  private static func key(_ label: String) -> String {
    label.drop { $0 == "_" }.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
  }
}

/// An option or flag whose value can be a setting.
private protocol GivenValue {
  /// The value is nil where the command line does not give it.
  var json: JSON? { get }
}

extension Option: GivenValue { fileprivate var json: JSON? { setting(wrappedValue) } }
extension Flag: GivenValue { fileprivate var json: JSON? { setting(wrappedValue) } }

private func setting(_ value: Any) -> JSON? {
  switch value {
  case let text as String: .string(text)
  case let isOn as Bool: .boolean(isOn)
  case let whole as Int: .integer(whole)
  case let real as Double: .number(real)
  default: nil
  }
}
