import LiaeFormats
// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Testing

private func parse(_ bytes: [UInt8], _ allowance: PickleAllowance = .numpy) throws -> PickleValue {
  try PickleReader.parse(Bytes.of(bytes), name: "lie", allowing: allowance)
}

private func refused(
  _ status: Status, _ words: String, _ bytes: [UInt8], _ allowance: PickleAllowance = .numpy,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectRefusal(status, words, sourceLocation: sourceLocation) { _ = try parse(bytes, allowance) }
}

private func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
private func long(_ value: some FixedWidthInteger) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.append(littleEndian: value)
  return bytes
}
private func text(_ text: String) -> [UInt8] { [0x8c, UInt8(text.utf8.count)] + ascii(text) }
private func global(_ module: String, _ name: String) -> [UInt8] { text(module) + text(name) + [0x93] }

/// `dtype('f4')` and its state, left on the stack.
private let float32 =
  global("numpy", "dtype") + text("f4") + [0x89, 0x88, 0x87] + ascii("R(K\u{3}") + text("<") + ascii("NNN")
  + ascii("tb")

/// An array as numpy writes it: shape, Fortran flag and content as given.
private func array(shape: [UInt8], fortran: UInt8 = 0x89, type: [UInt8] = float32, content: [UInt8]) -> [UInt8] {
  global("numpy.core.multiarray", "_reconstruct") + global("numpy", "ndarray") + ascii("K\0") + [0x85]
    + ascii("C\u{1}b") + [0x87] + ascii("R(K\u{1}") + shape + type + [fortran] + content + ascii("tb")
}

@Suite struct PickleLies {
  @Test func everyAttackIsUnsafe() throws {
    let names = try File.list("\(testsFolder)/attacks").filter { $0.hasSuffix(".pkl") }
    #expect(names.count == 14)
    for name in names {
      let bytes = try Bytes.read(path: "\(testsFolder)/attacks/\(name)")
      for allowance in [PickleAllowance.numpy, .torch, .faceset] {
        expectRefusal(.unsafeFile, "not allowed") {
          _ = try PickleReader.parse(bytes, name: "lie", allowing: allowance)
        }
      }
      if name.contains("os_system") {
        expectRefusal(.unsafeFile, "system") { _ = try DeepFaceLabFile.parseWeights(bytes, name: "lie") }
      }
    }
  }
  @Test func torchGlobalsInAWeightFile() {
    refused(.unsafeFile, "collections.OrderedDict", [0x80, 4] + global("collections", "OrderedDict") + ascii(")R."))
  }
  @Test func wholeModulesOfPyTorch() throws {
    expectRefusal(.unsafeFile, "torch.nn.modules.container.Sequential") {
      _ = try TorchArchive.parse(golden("formats/whole_module.pt"), name: "lie")
    }
  }
  @Test func registeredExtension() { refused(.unsafeFile, "extension", [0x82, 1]) }
  @Test func newObject() { refused(.corruptFile, "0x81", global("numpy", "dtype") + ascii(")") + [0x81] + ascii(".")) }
  @Test func persistentIdInAWeightFile() { refused(.corruptFile, "persistent", ascii(")Q.")) }

  @Test func listInItself() { refused(.corruptFile, "contains itself", ascii("]q\0h\0a.")) }
  @Test func dictionaryInItself() { refused(.corruptFile, "contains itself", ascii("}q\0K\0h\0s.")) }
  @Test func cycleOfTwo() { refused(.corruptFile, "contains itself", ascii("]q\0]q\u{1}h\0aa.")) }
  @Test func cycleThroughATuple() { refused(.corruptFile, "contains itself", ascii("]q\0h\0") + [0x85] + ascii("a.")) }

  @Test func deepLists() {
    let count = 1_000_000
    refused(
      .limitExceeded, "nest deeper",
      [UInt8](repeating: UInt8(ascii: "]"), count: count / 2)
        + [UInt8](repeating: UInt8(ascii: "a"), count: count / 2 - 1) + ascii("."))
    var tuples = ascii(")")
    for _ in 0..<count { tuples.append(0x85) }
    refused(.limitExceeded, "nest deeper", tuples + ascii("."))
  }
  @Test func deepListsThroughSharing() {
    // Lists that hold the one before: met in this order, each is complete before the next one takes it.
    var bytes: [UInt8] = ascii("(]") + [0x94]
    for index in 0..<200 { bytes += ascii("]") + [0x94] + ascii("h") + [UInt8(index)] + ascii("a") }
    refused(.limitExceeded, "nest deeper", bytes + ascii("t."))
  }
  @Test func deepMarks() { refused(.limitExceeded, "marks", [UInt8](repeating: UInt8(ascii: "("), count: 2_000_000)) }
  @Test func deepStack() { refused(.limitExceeded, "stack", [UInt8](repeating: UInt8(ascii: "N"), count: 2_000_000)) }
  @Test func memoBomb() {
    // 60 tuples, each holding the one before twice: 2^60 values.
    var bytes: [UInt8] = ascii(")") + [0x94]
    for index in 0..<60 { bytes += ascii("h") + [UInt8(index)] + [0x86, 0x94] }
    refused(.limitExceeded, "unfolds", bytes + ascii("."))
  }
  @Test func memoBombOfCopies() {
    // One Fortran-ordered array whose bytes are used again and again: each use would copy them.
    let content = ascii("B") + long(UInt32(40000)) + [UInt8](repeating: 0, count: 40000)
    let shape = ascii("M") + long(UInt16(100)) + ascii("M") + long(UInt16(100)) + [0x86]
    var bytes = [0x80, 4] + content + [0x94]
    for _ in 0..<100 { bytes += array(shape: shape, fortran: 0x88, content: ascii("h\0")) }
    refused(.limitExceeded, "copies", bytes + ascii("."))
  }
  @Test func memoNeverMade() { refused(.corruptFile, "memo entry 7", ascii("h\u{7}.")) }

  @Test func longOfTwoGigabytes() { refused(.corruptFile, "an integer", [0x8b] + long(Int32.max) + [1, 2, 3]) }
  @Test func longOfNegativeSize() { refused(.corruptFile, "an integer", [0x8b] + long(Int32.min) + [1, 2, 3]) }
  @Test func textOfFourGigabytes() { refused(.corruptFile, "a text", ascii("X") + long(UInt32.max) + ascii("abc")) }
  @Test func textOfAllOnes() { refused(.corruptFile, "a text", [0x8d] + long(UInt64.max) + ascii("abc")) }
  @Test func bytesOfNegativeSize() { refused(.corruptFile, "bytes", [0x8e] + long(Int64.min) + ascii("abc")) }
  @Test func bytesOfTheLargestSize() { refused(.corruptFile, "bytes", [0x8e] + long(Int64.max) + ascii("abc")) }
  @Test func byteArrayPastTheEnd() { refused(.corruptFile, "bytes", [0x96] + long(UInt64(4)) + ascii("abc")) }
  @Test func frameLongerThanTheFile() {
    refused(.corruptFile, "a frame", [0x80, 4, 0x95] + long(UInt64(1 << 40)) + ascii("N."))
  }
  @Test func textIsNotUTF8() { refused(.corruptFile, "UTF-8", [0x8c, 2, 0xff, 0xfe] + ascii(".")) }
  @Test func protocolOfTheFuture() { refused(.unsupported, "protocol 9", [0x80, 9]) }
  @Test func unknownInstruction() { refused(.corruptFile, "0xff", [0x80, 4, 0xff]) }
  @Test func stackIsEmpty() {
    for opcode in ascii(".tauesRbq") + [0x85, 0x86, 0x87, 0x93, 0x94] { refused(.corruptFile, "", [opcode, 0, 0]) }
  }
  @Test func valuesUnderAMarkAreTaken() { refused(.corruptFile, "missing", ascii("N(") + [0x85] + ascii(".")) }
  @Test func valuesLeftOver() { refused(.corruptFile, "left over", ascii("NN.")) }
  @Test func markLeftOver() { refused(.corruptFile, "", ascii("(N.")) }
  @Test func keyWithoutAValue() { refused(.corruptFile, "without a value", ascii("}(Nu.")) }
  @Test func keyTwice() {
    refused(.corruptFile, "\"a\" twice", ascii("}(") + text("a") + ascii("N") + text("a") + ascii("Nu."))
  }
  @Test func appendToADictionary() { refused(.corruptFile, "no list", ascii("}Na.")) }
  @Test func setInAList() { refused(.corruptFile, "no dictionary", ascii("]NNs.")) }
  @Test func callOfANumber() { refused(.corruptFile, "no function", ascii("K\u{1})R.")) }
  @Test func callWithoutATuple() { refused(.corruptFile, "tuple", global("numpy", "dtype") + ascii("NR.")) }
  @Test func stateOfANumber() { refused(.corruptFile, "state", ascii("NNb.")) }
  @Test func stateOfAList() { refused(.corruptFile, "state", ascii("])b.")) }

  @Test func arrayOfAMillionFromFourBytes() {
    let million = ascii("J") + long(Int32(1_000_000)) + [0x85]
    refused(
      .corruptFile, "takes 4000000 bytes, and 4", array(shape: million, content: ascii("C\u{4}abcd")) + ascii("."))
  }
  @Test func arrayShapeOverflows() {
    let huge = [0x8a, 8] + long(Int.max) + [0x8a, 8] + long(Int.max) + [0x86]
    refused(.limitExceeded, "elements", array(shape: huge, content: ascii("C\u{4}abcd")) + ascii("."))
  }
  @Test func arrayShapeIsNegative() {
    refused(
      .corruptFile, "negative", array(shape: ascii("J") + long(Int32(-1)) + [0x85], content: ascii("C\0")) + ascii("."))
  }
  @Test func arrayShapeIsText() {
    refused(.corruptFile, "integer", array(shape: text("a") + [0x85], content: ascii("C\0")) + ascii("."))
  }
  @Test func arrayOfRankAHundred() {
    let shape =
      ascii("(") + [UInt8](repeating: UInt8(ascii: "K"), count: 200).enumerated().map { $0 % 2 == 0 ? $1 : 1 }
      + ascii("t")
    refused(.limitExceeded, "axes", array(shape: shape, content: ascii("C\u{4}abcd")) + ascii("."))
  }
  @Test func arrayContentIsAText() {
    refused(
      .corruptFile, "bytes are expected", array(shape: ascii("K\u{1}") + [0x85], content: text("abcd")) + ascii("."))
  }
  @Test func arrayTypeIsAText() {
    refused(
      .corruptFile, "numpy type", array(shape: ascii(")"), type: text("f4"), content: ascii("C\u{4}abcd")) + ascii("."))
  }
  @Test func arrayIsBigEndian() {
    let type = global("numpy", "dtype") + text("f4") + [0x85] + ascii("R(K\u{3}") + text(">") + ascii("tb")
    refused(.unsupported, "big-endian", array(shape: ascii(")"), type: type, content: ascii("C\u{4}abcd")) + ascii("."))
  }
  @Test func arrayWithoutContent() {
    let start = global("numpy.core.multiarray", "_reconstruct") + global("numpy", "ndarray") + ascii("K\0") + [0x85]
    refused(.corruptFile, "without content", start + ascii("C\u{1}b") + [0x87] + ascii("R."))
  }
  @Test func scalarOfThreeBytes() {
    refused(
      .corruptFile, "and 3 are there",
      global("numpy.core.multiarray", "scalar") + float32 + ascii("C\u{3}abc") + [0x86] + ascii("R."))
  }
  @Test func latin1TextThatIsNot() {
    let bytes =
      global("_codecs", "encode") + ascii("X") + long(UInt32(2)) + [0xc4, 0x80] + text("latin1") + [0x86] + ascii("R.")
    refused(.corruptFile, "does not stand for bytes", bytes)
  }
  @Test func weightFileIsAList() throws {
    expectRefusal(.corruptFile, "a list") { _ = try DeepFaceLabFile.parseWeights(Bytes.of(ascii("].")), name: "lie") }
  }
  @Test func weightIsANumber() throws {
    let bytes = try Bytes.of(ascii("}") + text("w") + ascii("K\u{1}s."))
    expectRefusal(.corruptFile, "tensor w is an integer") { _ = try DeepFaceLabFile.parseWeights(bytes, name: "lie") }
  }
  @Test func weightIsAnObjectArray() throws {
    let type = global("numpy", "dtype") + text("O8") + [0x85] + ascii("R")
    let bytes = try Bytes.of(
      ascii("}") + text("w") + array(shape: ascii("K\u{1}") + [0x85], type: type, content: ascii("]Na")) + ascii("s."))
    expectRefusal(.unsupported, "tensor w is a numpy array of type O8") {
      _ = try DeepFaceLabFile.parseWeights(bytes, name: "lie")
    }
  }
  @Test func partOutsideTheFile() throws {
    let bytes = try Bytes.of(ascii("N."))
    for (offset, count) in [(0, 3), (3, nil), (1, Int.max), (Int.max, Int.max), (-1, 2), (0, -1)] as [(Int, Int?)] {
      expectRefusal(.corruptFile, "") {
        _ = try PickleReader.parse(bytes, offset: offset, count: count, name: "lie", allowing: .numpy)
      }
    }
  }
}
