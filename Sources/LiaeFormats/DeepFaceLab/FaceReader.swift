// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// Takes typed values out of the dictionaries that describe faces. A key whose value is None counts as missing.
///
/// A pickle may refer to the same list again and again, so points are counted against the file's size: written out, a
/// point takes more than a byte.
struct FaceReader {
  let name: String
  private var pointsLeft: Int

  /// - Parameter byteCount: bytes of the pickle.
  init(byteCount: Int, name: String) { (self.name, pointsLeft) = (name, byteCount) }

  func corrupt(_ message: String) -> LiaeError { LiaeError(.corruptFile, "\(name): \(message)") }

  func field(_ key: String, of dictionary: PickleValue) -> PickleValue? {
    let value = dictionary[key]
    if case PickleValue.none? = value { return nil }
    return value
  }

  func text(_ key: String, of dictionary: PickleValue) throws(LiaeError) -> String? {
    guard let value = field(key, of: dictionary) else { return nil }
    guard let text = value.stringValue else { throw corrupt("\(key) is \(value.kind); expected a text") }
    return text
  }

  /// `count` finite numbers: an array, lists in lists, or, where there is one, a plain number.
  func numbers(_ key: String, _ count: Int, of dictionary: PickleValue) throws(LiaeError) -> [Double]? {
    guard let value = field(key, of: dictionary) else { return nil }
    guard let numbers = value.numbers(count), numbers.allSatisfy(\.isFinite) else {
      throw corrupt("\(key) is \(value.kind); expected \(count == 1 ? "a finite number" : "\(count) finite numbers")")
    }
    return numbers
  }

  /// 68 points.
  mutating func landmarks(_ key: String, of dictionary: PickleValue) throws(LiaeError) -> [SIMD2<Double>]? {
    guard let value = field(key, of: dictionary) else { return nil }
    let landmarks = try points(value, key)
    guard landmarks.count == 68 else { throw corrupt("\(key) has \(landmarks.count) points; expected 68") }
    return landmarks
  }

  /// An encoded picture: an array of bytes, whatever its axes.
  func file(_ key: String, of dictionary: PickleValue) throws(LiaeError) -> Bytes? {
    guard let value = field(key, of: dictionary) else { return nil }
    switch value {
    case .tensor(let view) where view.dtype == .uint8, .bytes(let view):
      return Bytes.slice(view.storage, offset: view.offset, count: view.byteCount)
    default: throw corrupt("\(key) is \(value.kind); expected bytes of a picture file")
    }
  }

  /// `{"polys": [{"type": 1, "pts": points}, ...]}`, or the older list of (type, points).
  mutating func polygons(_ key: String, of dictionary: PickleValue) throws(LiaeError) -> [FaceMetadata.Polygon] {
    guard let value = field(key, of: dictionary) else { return [] }
    let content = value.pairs == nil ? value : field("polys", of: value) ?? .list([])
    guard let elements = content.elements else { throw corrupt("\(key) is \(content.kind); expected a list") }
    var polygons: [FaceMetadata.Polygon] = []
    for element in elements {
      let pair = element.elements ?? [element["type"], element["pts"]].compactMap { $0 }
      guard pair.count == 2, let isIncluded = pair[0].boolValue else {
        throw corrupt("polygon \(polygons.count) of \(key) has no type 0 or 1 with its points")
      }
      // An empty polygon counts, too.
      try spend(1, key)
      let points = try points(pair[1], key)
      polygons.append(FaceMetadata.Polygon(isIncluded: isIncluded, points: points.map { SIMD2<Float>($0) }))
    }
    return polygons
  }

  /// Pairs of finite numbers: an array of two columns, or a list of pairs.
  private mutating func points(_ value: PickleValue, _ key: String) throws(LiaeError) -> [SIMD2<Double>] {
    var points: [SIMD2<Double>] = []
    if let view = value.tensorValue, view.shape.count == 2, view.shape[1] == 2 {
      try spend(view.shape[0], key)
      points = (0..<view.shape[0]).map { SIMD2(view.double(at: 2 * $0), view.double(at: 2 * $0 + 1)) }
    } else if let elements = value.elements {
      try spend(elements.count, key)
      for element in elements {
        guard let pair = element.numbers(2) else {
          throw corrupt("point \(points.count) of \(key) is \(element.kind); expected two numbers")
        }
        points.append(SIMD2(pair[0], pair[1]))
      }
    } else {
      throw corrupt("\(key) is \(value.kind); expected points")
    }
    // A float must hold what a polygon's points become.
    for (index, point) in points.enumerated() where !(abs(point.x) < 1e30 && abs(point.y) < 1e30) {
      throw corrupt("point \(index) of \(key) is (\(point.x), \(point.y)), which is no place in a picture")
    }
    return points
  }

  private mutating func spend(_ count: Int, _ key: String) throws(LiaeError) {
    guard count <= pointsLeft else {
      throw LiaeError(.limitExceeded, "\(name): \(key) repeats points; there are more of them than bytes in the file")
    }
    pointsLeft -= count
  }
}

extension PickleValue {
  /// Exactly `count` numbers: those of an array of any shape, of a list, of lists in a list, or the number itself.
  fileprivate func numbers(_ count: Int) -> [Double]? {
    if case .tensor(let view) = self {
      return view.count == count ? (0..<count).map { view.double(at: $0) } : nil
    }
    guard let elements else { return count == 1 ? doubleValue.map { [$0] } : nil }
    guard elements.count <= count else { return nil }
    var numbers: [Double] = []
    for element in elements {
      guard let part = element.doubleValue.map({ [$0] }) ?? element.numbers(count / elements.count) else { return nil }
      numbers += part
    }
    return numbers.count == count ? numbers : nil
  }
}

extension TensorView {
  /// Element `index` of the flat tensor, which must be within `0..<count`; exact but for integers past 2^53.
  fileprivate func double(at index: Int) -> Double {
    precondition(index >= 0 && index < count)
    defer { withExtendedLifetime(storage) {} }
    switch dtype {
    case .float64: return raw.loadUnaligned(fromByteOffset: index * 8, as: Double.self)
    case .int64: return Double(raw.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
    case .int32: return Double(raw.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
    default: return Double(self[index])
    }
  }
}
