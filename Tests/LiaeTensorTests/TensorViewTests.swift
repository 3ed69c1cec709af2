// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

@Suite struct TensorViewTests {
  private func bytes<T>(_ values: [T]) throws -> Bytes {
    try values.withUnsafeBytes { (raw) throws(LiaeError) in try Bytes.copy(raw) }
  }

  private func floats(_ view: TensorView) -> [Float] { (0..<view.count).map { view[$0] } }

  @Test func elementsOfEveryTypeReadAsFloats() throws {
    let cases: [(DType, Bytes, [Float])] = [
      (.float64, try bytes([0.5, -1e300]), [0.5, -.infinity]), (.float32, try bytes([Float(0.1), -2]), [0.1, -2]),
      (.float16, try bytes([UInt16(0x3c00), 0xc100]), [1, -2.5]),
      (.bfloat16, try bytes([UInt16(0x3f80), 0xc020]), [1, -2.5]),
      (.int64, try bytes([Int64(-3), 1 << 40]), [-3, 0x1p40]), (.int32, try bytes([Int32(-3), 70000]), [-3, 70000]),
      (.int16, try bytes([Int16(-3), 300]), [-3, 300]), (.int8, try bytes([Int8(-3), 127]), [-3, 127]),
      (.uint8, try bytes([UInt8(200), 1]), [200, 1]), (.bool, try bytes([true, false]), [1, 0]),
    ]
    #expect(cases.count == DType.allCases.count)
    for (dtype, storage, expected) in cases {
      let view = try TensorView(dtype: dtype, shape: [2], storage: storage)
      #expect(floats(view) == expected)
      #expect(view.byteCount == storage.count)
      #expect(try floats(view.asFloat32()) == expected)
      #expect(try view.asFloat32().dtype == .float32)
    }
  }

  @Test func elementsMayStandAtAnyAddress() throws {
    let shifted = try Bytes.allocate(1 + 12)
    (shifted.base + 1).storeBytes(of: 1.5, as: Float.self)
    (shifted.base + 5).storeBytes(of: -2, as: Float.self)
    (shifted.base + 9).storeBytes(of: 3, as: Float.self)
    let view = try TensorView(dtype: .float32, shape: [3], storage: shifted, offset: 1)
    #expect(floats(view) == [1.5, -2, 3])
    #expect(view.raw.count == 12)
  }

  @Test func shapesThatDoNotFitAreRefused() throws {
    let storage = try Bytes.allocate(64)
    for (shape, offset) in [
      ([17], 0), ([16], 1), ([4, 5], 0), ([Int.max, 2], 0), ([Int.max], 0), ([-1], 0), ([16], -4), ([1], 64),
      ([1], Int.max),
    ] {
      do throws(LiaeError) {
        _ = try TensorView(dtype: .float32, shape: shape, storage: storage, offset: offset)
        Issue.record("\(shape) at \(offset) fitted")
      } catch {
        #expect(error.status == .corruptFile)
        #expect(error.message.contains("\(shape)"))
      }
    }
    #expect(try TensorView(dtype: .float32, shape: [4, 4], storage: storage).count == 16)
    #expect(try TensorView(dtype: .float32, shape: [0], storage: storage, offset: 64).count == 0)
    #expect(try TensorView(dtype: .float32, shape: [], storage: storage, offset: 60).count == 1)
  }

  @Test func reshapingKeepsTheElements() throws {
    let view = try TensorView(dtype: .uint8, shape: [2, 3], storage: bytes((0..<6).map { UInt8($0) }))
    #expect(try floats(view.reshaped([3, 2])) == [0, 1, 2, 3, 4, 5])
    #expect(throws: LiaeError.self) { try view.reshaped([4]) }
    #expect(throws: LiaeError.self) { try view.reshaped([Int.max, 3]) }
  }

  /// Each element is its own index, so where it went shows: element (i, j, k, l) of the result is element
  /// (l, k, i, j) ... of the source, whatever the order.
  @Test(arguments: [[0, 1, 2, 3], [3, 2, 0, 1], [1, 0, 3, 2], [2, 3, 1, 0]])
  func permutingMovesEveryElement(order: [Int]) throws {
    let shape = [2, 3, 4, 5]
    let view = try TensorView(dtype: .int32, shape: shape, storage: bytes((0..<120).map { Int32($0) }))
    let permuted = try view.permuted(order)
    #expect(permuted.shape == order.map { shape[$0] })
    var position = 0
    for i in 0..<permuted.shape[0] {
      for j in 0..<permuted.shape[1] {
        for k in 0..<permuted.shape[2] {
          for l in 0..<permuted.shape[3] {
            var source = [0, 0, 0, 0]
            for (axis, index) in zip(order, [i, j, k, l]) { source[axis] = index }
            let flat = ((source[0] * 3 + source[1]) * 4 + source[2]) * 5 + source[3]
            #expect(permuted[position] == Float(flat))
            position += 1
          }
        }
      }
    }
  }

  @Test func permutingMovesBitsAndDoesNotConvert() throws {
    let nans: [UInt32] = [0x7f80_0001, 0xffc1_2345, 0x7f80_0000, 1]
    let view = try TensorView(dtype: .float32, shape: [2, 2], storage: bytes(nans))
    let back = try view.permuted([1, 0])
    #expect(
      (0..<4).map { back.raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) } == [
        nans[0], nans[2], nans[1], nans[3],
      ])
    #expect(try TensorView(dtype: .float32, shape: [0, 3], storage: bytes(nans)).permuted([1, 0]).shape == [3, 0])
  }

  @Test func aDictionaryKeepsTheOrderOfItsFile() throws {
    let view = try TensorView(dtype: .uint8, shape: [1], storage: bytes([UInt8(7)]))
    var dictionary = TensorDictionary()
    for name in ["b", "a", "c"] { dictionary[name] = view }
    dictionary["b"] = view
    #expect(dictionary.names == ["b", "a", "c"] && dictionary.count == 3)
    dictionary["a"] = nil
    dictionary["missing"] = nil
    #expect(dictionary.names == ["b", "c"])
    #expect(dictionary["a"] == nil && dictionary["c"] != nil)
  }
}

@Suite struct PixelFormatTests {
  /// The C header shows these numbers.
  @Test func valuesArePinned() {
    let expected: [(PixelFormat, Int32, Int, Bool)] = [
      (.rgb8, 1, 3, false), (.bgr8, 2, 3, true), (.rgba8, 3, 4, false), (.bgra8, 4, 4, true), (.gray8, 5, 1, false),
      (.rgbFloat, 6, 12, false), (.bgrFloat, 7, 12, true), (.rgbaFloat, 8, 16, false), (.bgraFloat, 9, 16, true),
      (.grayFloat, 10, 4, false),
    ]
    #expect(expected.count == PixelFormat.allCases.count)
    for (format, value, size, isBlueFirst) in expected {
      #expect(format.rawValue == value && format.size == size && format.isBlueFirst == isBlueFirst)
      #expect(format.isFloat == (value > 5))
    }
  }
}
