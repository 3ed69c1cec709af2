// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor
import Testing

/// A safetensors file with this header text and `data` bytes behind it.
func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) throws -> Bytes {
  var bytes: [UInt8] = []
  bytes.append(littleEndian: length ?? UInt64(header.utf8.count))
  return try Bytes.of(bytes + Array(header.utf8) + [UInt8](repeating: 0, count: data))
}

private func refused(
  _ status: Status, _ words: String, _ header: String, data: Int = 0, length: UInt64? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let bytes = try safetensors(header, data: data, length: length)
  expectRefusal(status, words, sourceLocation: sourceLocation) {
    _ = try SafetensorsFile.parse(bytes, name: "lie.safetensors")
  }
}

private func tensor(_ name: String, _ type: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
  "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}"
}

@Suite struct SafetensorsTests {
  @Test func everyTypeOfThePackage() throws {
    let file = try SafetensorsFile.parse(golden("formats/types.safetensors"), name: "types")
    let types: [(String, DType)] = [
      ("f64", .float64), ("f32", .float32), ("f16", .float16), ("bf16", .bfloat16), ("i64", .int64), ("i32", .int32),
      ("i16", .int16), ("i8", .int8), ("u8", .uint8), ("bool", .bool),
    ]
    #expect(file.tensors.count == types.count + 2)
    for (name, dtype) in types {
      let view = try #require(file.tensors[name])
      #expect(view.dtype == dtype)
      #expect(view.shape == [2, 3])
      #expect(floats(view) == fixtureValues(6, dtype))
    }
    #expect(file.tensors["empty"]?.shape == [0, 4])
    #expect(file.tensors["scalar"]?.shape == [])
    #expect(file.tensors["scalar"]?[0] == -11)
    #expect(file.metadata == ["quote\"d": "line\nbreak é 😀 \\ /", "b": ""])
    #expect(try SafetensorsFile.parse(golden("formats/nothing.safetensors"), name: "nothing").tensors.count == 0)
  }

  @Test func tensorsAreViewsOfTheFile() throws {
    let bytes = try golden("formats/types.safetensors")
    let file = try SafetensorsFile.parse(bytes, name: "types")
    #expect(file.tensors.names.allSatisfy { file.tensors[$0]?.storage === bytes })
  }

  @Test func writingAndReadingGivesTheSameBits() throws {
    let original = try SafetensorsFile.parse(golden("formats/types.safetensors"), name: "types")
    try withFolder { folder in
      let path = "\(folder)/out.safetensors"
      let metadata = original.metadata.merging(["control": "\u{1}\u{1f}"]) { $1 }
      try SafetensorsFile.write(original.tensors, metadata: metadata, to: path, replacing: false)
      let bytes = try Bytes.read(path: path)
      let copy = try SafetensorsFile.parse(bytes, name: "copy")
      #expect(copy.metadata == metadata)
      #expect(copy.tensors.names == original.tensors.names)
      for name in original.tensors.names {
        let (before, after) = (try #require(original.tensors[name]), try #require(copy.tensors[name]))
        #expect(before.dtype == after.dtype && before.shape == after.shape && before.raw.elementsEqual(after.raw))
      }
      #expect(bytes.raw.loadUnaligned(as: UInt64.self) % 8 == 0)
      #expect(bytes.raw.dropFirst(8).starts(with: "{\"__metadata__\"".utf8))
      #expect(throws: LiaeError.self) {
        try SafetensorsFile.write(original.tensors, metadata: [:], to: path, replacing: false)
      }
      #expect(try Bytes.read(path: path).array == bytes.array)
    }
  }

  /// From a file each tensor has memory of its own, and only what is wanted is read.
  @Test func readingAFileGivesTheSameTensors() throws {
    let parsed = try SafetensorsFile.parse(golden("formats/types.safetensors"), name: "types")
    try withFolder { folder in
      let path = "\(folder)/types.safetensors"
      try File.writeAtomically(path, replacing: false, golden("formats/types.safetensors"))
      let read = try SafetensorsFile.read(File(reading: path))
      #expect(read.metadata == parsed.metadata && read.tensors.names == parsed.tensors.names && read.leftOut == 0)
      for name in parsed.tensors.names {
        let (one, other) = (try #require(parsed.tensors[name]), try #require(read.tensors[name]))
        #expect(one.dtype == other.dtype && one.shape == other.shape && one.raw.elementsEqual(other.raw))
        #expect(other.storage.count == other.byteCount)
      }
      let wanted = parsed.tensors.names[1]
      let part = try SafetensorsFile.read(File(reading: path)) { (name, metadata) throws(LiaeError) in
        #expect(metadata == parsed.metadata)
        return name == wanted
      }
      #expect(part.tensors.names == [wanted] && part.leftOut == parsed.tensors.count - 1)
    }
  }

  /// Cut off anywhere, the error is the one of the same bytes in memory.
  @Test func truncatedFilesAreRefusedAlike() throws {
    let whole = try golden("formats/types.safetensors").array
    try withFolder { folder in
      let path = "\(folder)/cut"
      for length in Array(0..<min(whole.count, 300)) + [whole.count - 1] {
        let bytes = Array(whole[..<length])
        let memory = try Bytes.of(bytes)
        try File.writeAtomically(path, replacing: true, memory)
        var errors: [LiaeError] = []
        do throws(LiaeError) { _ = try SafetensorsFile.parse(memory, name: path) } catch {
          errors.append(error)
        }
        do throws(LiaeError) { _ = try SafetensorsFile.read(File(reading: path)) } catch { errors.append(error) }
        #expect(errors.count == 2 && errors.first == errors.last, "\(length): \(errors)")
      }
    }
  }

  @Test func spaceAndEscapesInTheHeader() throws {
    let header =
      "{ \"\\u0061\\u00e9\\ud83d\\ude00\" :\t{\"shape\":[ 1 , 2 ],\"data_offsets\":[0,8],\"dtype\":\"F32\"}}\n  "
    let file = try SafetensorsFile.parse(safetensors(header, data: 8), name: "space")
    #expect(file.tensors.names == ["aé😀"])
  }
}

@Suite struct SafetensorsLies {
  @Test func headerOfTenGigabytes() throws {
    try refused(.limitExceeded, "10000000000 bytes", "{}", length: 10_000_000_000)
  }
  @Test func headerLengthOfAllOnes() throws { try refused(.limitExceeded, "header", "{}", length: .max) }
  @Test func headerLongerThanTheFile() throws { try refused(.corruptFile, "ends inside the header", "{}", length: 3) }
  @Test func emptyFile() throws {
    expectRefusal(.corruptFile, "length of the header") {
      _ = try SafetensorsFile.parse(Bytes.of([]), name: "lie")
    }
  }
  @Test func headerOfNoBytes() throws { try refused(.corruptFile, "not a JSON object", "") }
  @Test func headerIsNotJSON() throws { try refused(.corruptFile, "", "{hello}") }
  @Test func headerIsAList() throws { try refused(.corruptFile, "not a JSON object", "[]") }
  @Test func headerBeginsWithSpace() throws { try refused(.corruptFile, "not a JSON object", " {}") }
  @Test func headerIsNotUTF8() throws {
    let bytes = try Bytes.of([4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22])
    expectRefusal(.corruptFile, "UTF-8") { _ = try SafetensorsFile.parse(bytes, name: "lie") }
  }
  @Test func headerGoesOnBehindItsEnd() throws { try refused(.corruptFile, "end of the header", "{}{}") }
  @Test func trailingComma() throws { try refused(.corruptFile, "", "{\(tensor("a", "U8", "1", 0, 1)),}", data: 1) }
  @Test func deepJSON() throws {
    try refused(.corruptFile, "", "{\"a\":" + String(repeating: "[", count: 1_000_000))
    try refused(.corruptFile, "", String(repeating: "{\"a\":", count: 1_000_000))
    try refused(.corruptFile, "", "{\"a\":{\"shape\":" + String(repeating: "[", count: 1_000_000))
  }
  @Test func controlCharacterInAName() throws { try refused(.corruptFile, "", "{\"a\u{1}\":{}}") }
  @Test func halfASurrogatePair() throws {
    try refused(.corruptFile, "surrogate", "{\"\\ud800\":{}}")
    try refused(.corruptFile, "surrogate", "{\"\\udc00\":{}}")
    try refused(.corruptFile, "surrogate", "{\"\\ud800\\u0041\":{}}")
  }
  @Test func unknownEscape() throws { try refused(.corruptFile, "escape", "{\"\\x41\":{}}") }
  @Test func nameOfAMegabyte() throws {
    try refused(.limitExceeded, "longer", "{\"\(String(repeating: "n", count: 1 << 20))\":{}}")
  }

  @Test func offsetsOverlap() throws {
    try refused(
      .corruptFile, "tensor b overlaps", "{\(tensor("a", "U8", "4", 0, 4)),\(tensor("b", "U8", "4", 2, 6))}", data: 6)
  }
  @Test func offsetsLeaveAHole() throws {
    try refused(
      .corruptFile, "tensor b leaves a hole", "{\(tensor("a", "U8", "4", 0, 4)),\(tensor("b", "U8", "4", 5, 9))}",
      data: 9)
  }
  @Test func holeAtTheBeginning() throws {
    try refused(.corruptFile, "hole", "{\(tensor("a", "U8", "1", 1, 2))}", data: 2)
  }
  @Test func bytesLeftOverAtTheEnd() throws {
    try refused(.corruptFile, "end at byte 1", "{\(tensor("a", "U8", "1", 0, 1))}", data: 2)
  }
  @Test func offsetsOutOfBounds() throws {
    try refused(.corruptFile, "truncated", "{\(tensor("a", "U8", "9", 0, 9))}", data: 8)
  }
  @Test func offsetsReversed() throws {
    try refused(.corruptFile, "end before", "{\(tensor("a", "U8", "0", 4, 0))}", data: 4)
  }
  @Test func offsetsOverflow() throws {
    try refused(.corruptFile, "", "{\(tensor("a", "U8", "1", Int.max - 1, Int.max))}", data: 1)
    try refused(
      .corruptFile, "too large", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,18446744073709551616]}}")
  }
  @Test func offsetsNegative() throws {
    try refused(.corruptFile, "whole number", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}")
  }
  @Test func offsetsOfThree() throws {
    try refused(
      .limitExceeded, "data_offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1,2]}}", data: 1)
  }
  @Test func offsetsOfOne() throws {
    try refused(.corruptFile, "lacks", "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0]}}")
  }

  @Test func shapeOverflows() throws {
    try refused(.limitExceeded, "tensor a", "{\(tensor("a", "F32", "4611686018427387904,4", 0, 0))}")
    try refused(.limitExceeded, "tensor a", "{\(tensor("a", "F64", "2305843009213693952", 0, 0))}")
  }
  @Test func shapeHidesOverflowBehindAZero() throws {
    try refused(.limitExceeded, "tensor a", "{\(tensor("a", "F32", "0,4611686018427387904,4", 0, 0))}")
  }
  @Test func shapeIsFractional() throws {
    try refused(.corruptFile, "", "{\(tensor("a", "F32", "1.0", 0, 4))}", data: 4)
  }
  @Test func shapeHasALeadingZero() throws {
    try refused(.corruptFile, "leading zero", "{\(tensor("a", "U8", "01", 0, 1))}", data: 1)
  }
  @Test func rankOfAThousand() throws {
    let ones = Array(repeating: "1", count: 1000).joined(separator: ",")
    try refused(.limitExceeded, "shape of tensor a", "{\(tensor("a", "U8", ones, 0, 1))}", data: 1)
  }
  @Test func typeSizeMismatch() throws {
    try refused(.corruptFile, "takes 16 bytes", "{\(tensor("a", "F64", "2", 0, 8))}", data: 8)
  }
  @Test func unknownType() throws {
    try refused(
      .unsupported, "tensor a has the element type F8_E4M3", "{\(tensor("a", "F8_E4M3", "1", 0, 1))}", data: 1)
    expectRefusal(.unsupported, "tensor f8", "F8_E4M3") {
      _ = try SafetensorsFile.parse(golden("formats/float8.safetensors"), name: "lie")
    }
  }
  @Test func duplicateName() throws {
    try refused(
      .corruptFile, "tensor a stands twice", "{\(tensor("a", "U8", "1", 0, 1)),\(tensor("a", "U8", "1", 1, 2))}",
      data: 2)
  }
  @Test func duplicateField() throws {
    try refused(
      .corruptFile, "twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,1]}}",
      data: 1)
  }
  @Test func duplicateMetadata() throws {
    try refused(.corruptFile, "twice", "{\"__metadata__\":{},\"__metadata__\":{}}")
    try refused(.corruptFile, "twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}")
  }
  @Test func metadataIsNotText() throws { try refused(.corruptFile, "__metadata__", "{\"__metadata__\":{\"a\":1}}") }
  @Test func fieldMissing() throws {
    try refused(.corruptFile, "lacks", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", data: 1)
  }
  @Test func tooManyTensors() throws {
    let tensors = (0...FormatLimits.tensors).map { tensor("\($0)", "U8", "0", 0, 0) }
    try refused(.limitExceeded, "tensors", "{\(tensors.joined(separator: ","))}")
  }
}
