import LiaeFormats
// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Testing

@Suite struct NumpyTests {
  private static let types: [(String, DType)] = [
    ("f8", .float64), ("f4", .float32), ("f2", .float16), ("i8", .int64), ("i4", .int32), ("i2", .int16), ("i1", .int8),
    ("u1", .uint8), ("b1", .bool),
  ]

  @Test func everyTypeReadAndWritten() throws {
    for (code, dtype) in Self.types {
      let bytes = try golden("formats/c_\(code).npy")
      let view = try NumpyArray.parse(bytes, name: code)
      #expect(view.dtype == dtype && view.shape == [2, 3, 4] && view.storage === bytes)
      #expect(floats(view) == fixtureValues(24, dtype))
      try withFolder { folder in
        try NumpyArray.write(view, to: "\(folder)/a.npy", replacing: false)
        #expect(
          try Bytes.read(path: "\(folder)/a.npy").array == bytes.array, "\(code): not the bytes that numpy writes")
      }
    }
  }

  @Test(
    arguments: [
      ("fortran_f4", [2, 3, 4]), ("scalar_f4", []), ("vector_f4", [5]), ("empty_f4", [0, 3]), ("version2_f4", [2, 3]),
      ("version3_f4", [2, 3]),
    ] as [(String, [Int])])
  func everyShapeAndVersion(_ name: String, _ shape: [Int]) throws {
    let view = try NumpyArray.parse(golden("formats/\(name).npy"), name: name)
    #expect(view.shape == shape)
    #expect(floats(view) == fixtureValues(view.count))
    try withFolder { folder in
      try NumpyArray.write(view, to: "\(folder)/a.npy", replacing: false)
      let copy = try NumpyArray.parse(Bytes.read(path: "\(folder)/a.npy"), name: "copy")
      #expect(copy.shape == shape && copy.raw.elementsEqual(view.raw))
    }
  }

  @Test func formatsAreTold() throws {
    let files: [(String, FormatSniffer)] = [
      ("formats/c_f4.npy", .numpy), ("formats/types.safetensors", .safetensors),
      ("formats/nothing.safetensors", .safetensors),
      ("formats/tensors.pt", .torchArchive), ("formats/legacy.pt", .torchArchive),
      ("formats/weights_protocol2.npy", .pickle),
      ("formats/weights_protocol5.npy", .pickle), ("networks/df/golden_SAEHD_encoder.npy", .pickle),
      ("make_format_fixtures.py", .unknown),
    ]
    for (name, format) in files { #expect(FormatSniffer.sniff(try golden(name)) == format, "\(name)") }
    let starts: [([UInt8], FormatSniffer)] = [
      ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0], .png), ([0xff, 0xd8, 0xff, 0xe0], .jpeg),
      ([0x08, 0x07, 0x12, 0x07], .onnx), ([], .unknown), ([0x80], .unknown), ([0x08], .unknown),
      ([0, 0xe4, 0x0b, 0x54, 2, 0, 0, 0, 0x7b, 0x22], .safetensors),
    ]
    for (bytes, format) in starts { #expect(FormatSniffer.sniff(try Bytes.of(bytes)) == format, "\(bytes)") }
  }
}

@Suite struct NumpyLies {
  private func refused(
    _ status: Status, _ words: String, _ header: String, data: Int = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var bytes = NumpyArray.magic + [1, 0]
    bytes.append(littleEndian: UInt16(header.utf8.count))
    let lie = try Bytes.of(bytes + Array(header.utf8) + [UInt8](repeating: 0, count: data))
    expectRefusal(status, words, sourceLocation: sourceLocation) { _ = try NumpyArray.parse(lie, name: "lie.npy") }
  }
  private func header(_ shape: String, type: String = "<f4", fortran: String = "False") -> String {
    "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }\n"
  }

  @Test func bigEndian() throws {
    expectRefusal(.unsupported, "big-endian") {
      _ = try NumpyArray.parse(golden("formats/big_endian.npy"), name: "lie")
    }
  }
  @Test func texts() throws {
    expectRefusal(.unsupported, "<U2") { _ = try NumpyArray.parse(golden("formats/text.npy"), name: "lie") }
  }
  @Test func objects() throws { try refused(.unsupported, "|O", header("(1,)", type: "|O"), data: 8) }
  @Test func deepFaceLabFile() throws {
    expectRefusal(.corruptFile, "does not begin") {
      _ = try NumpyArray.parse(golden("formats/weights_protocol4.npy"), name: "lie")
    }
  }
  @Test func versionOfTheFuture() throws {
    let lie = try Bytes.of(NumpyArray.magic + [9, 0, 0, 0])
    expectRefusal(.unsupported, "version 9.0") { _ = try NumpyArray.parse(lie, name: "lie") }
  }
  @Test func headerOfFourGigabytes() throws {
    let lie = try Bytes.of(NumpyArray.magic + [2, 0, 0xff, 0xff, 0xff, 0xff])
    expectRefusal(.limitExceeded, "4294967295") { _ = try NumpyArray.parse(lie, name: "lie") }
  }
  @Test func headerLongerThanTheFile() throws {
    let lie = try Bytes.of(NumpyArray.magic + [1, 0, 0xff, 0])
    expectRefusal(.corruptFile, "the header") { _ = try NumpyArray.parse(lie, name: "lie") }
  }
  @Test func shapeLargerThanTheFile() throws { try refused(.corruptFile, "takes 400", header("(100,)"), data: 4) }
  @Test func shapeSmallerThanTheFile() throws { try refused(.corruptFile, "takes 4", header("(1,)"), data: 8) }
  @Test func shapeOverflows() throws {
    try refused(.limitExceeded, "elements", header("(9223372036854775807, 9223372036854775807)"))
    try refused(.corruptFile, "size", header("(9223372036854775808,)"))
    try refused(.limitExceeded, "elements", header("(0, 4611686018427387904, 8)", fortran: "True"))
  }
  @Test func shapeIsNegative() throws { try refused(.corruptFile, "size", header("(-1,)")) }
  @Test func shapeOfAHundredAxes() throws {
    try refused(.limitExceeded, "axes", header("(\(String(repeating: "1, ", count: 100)))"), data: 4)
  }
  @Test func shapeIsDeep() throws { try refused(.corruptFile, "", header(String(repeating: "(", count: 5000))) }
  @Test func keyTwice() throws {
    try refused(.corruptFile, "once", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", data: 4)
  }
  @Test func keyMissing() throws { try refused(.corruptFile, "", "{'descr': '<f4', 'shape': ()}", data: 4) }
  @Test func keyUnknown() throws {
    try refused(.corruptFile, "", "{'descr': '<f4', 'x': 1, 'fortran_order': False, 'shape': ()}", data: 4)
  }
  @Test func headerIsAProgram() throws { try refused(.corruptFile, "", "__import__('os').system('true')") }
  @Test func headerGoesOn() throws { try refused(.corruptFile, "nothing else", header("()") + "{}", data: 4) }
  @Test func headerOfNoBytes() throws { try refused(.corruptFile, "", "") }
}
