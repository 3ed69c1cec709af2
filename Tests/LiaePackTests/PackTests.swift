// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeDispatch
import LiaeFormats
import LiaeGraph
import LiaeOpening
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Packed weights that are written, mapped and run.
@Suite struct PackTests {
  @Test(arguments: architectures, InstructionSet.supported)
  func resultsAreThoseOfFreshWeights(architecture: Architecture, set: InstructionSet) throws {
    let folder = try TemporaryFolder()
    let (path, again) = (folder("model.liaepack"), folder("again.liaepack"))
    for convolution in PlanOptions.Convolution.allCases {
      let options = PlanOptions(convolution, on: set)
      let fresh = try Plan(model: Model.random(architecture, seed: 2), options: options)
      try PackFile.write(fresh, to: path, replacing: true)
      let file = try PackFile(path: path)
      try file.verify()
      let mapped = try file.plan(PackRequest(options))
      #expect(mapped.packedBytes == fresh.packedBytes && mapped.choices == fresh.choices)
      #expect(mapped.info == fresh.info && mapped.architecture == architecture)
      #expect(mapped.fingerprint == fresh.fingerprint && mapped.options.convolution == convolution)
      #expect(isBitEqual(try outputs(mapped), try outputs(fresh)))
      // Weights that were mapped can be written again, and are the same file.
      try PackFile.write(mapped, to: again, replacing: true)
      #expect(try fileBytes(again) == fileBytes(path))
      #expect(status { () throws(LiaeError) in try PackFile.write(mapped, to: path, replacing: false) } == .fileExists)
    }
  }

  /// Weights that stay as the checkpoint has them, in each of its elements; a policy is asked for as other options are.
  @Test(arguments: MemoryPolicy.allCases, [DType.float32, .float16, .bfloat16])
  func policiesAndElementsAreKept(memory: MemoryPolicy, type: DType) throws {
    let folder = try TemporaryFolder()
    let path = folder("model.liaepack")
    let model = try Model.random(architectures[1], seed: 2).rounded(to: type)
    var options = PlanOptions()
    options.memory = memory
    let fresh = try Plan(model: model, options: options)
    try PackFile.write(fresh, to: path, replacing: true)
    let file = try PackFile(path: path)
    try file.verify()
    let mapped = try file.plan(PackRequest(options, of: model))
    #expect(mapped.choices == fresh.choices && mapped.packedBytes == fresh.packedBytes)
    #expect(fresh.choices.contains { $0.stored == .taps(type) } == (memory != .speed || type != .float32))
    #expect(isBitEqual(try outputs(mapped), try outputs(fresh)))
    #expect(try file.plan(PackRequest(PlanOptions())).options.memory == memory)
    for other in MemoryPolicy.allCases where other != memory {
      options.memory = other
      #expect(status { () throws(LiaeError) in _ = try file.plan(PackRequest(options, of: model)) } == .packMismatch)
    }
  }

  /// What was measured when the weights were packed is kept, whatever the planner would choose today.
  @Test func measuredChoicesAreKept() throws {
    let folder = try TemporaryFolder()
    let path = folder("measured.liaepack")
    let model = try Model.random(architectures[1], seed: 2)
    var options = PlanOptions()
    options.planning = .measure
    let measured = try Plan(model: model, options: options)
    try PackFile.write(measured, to: path, replacing: false)
    let file = try PackFile(path: path)
    let mapped = try file.plan(PackRequest(options, of: model))
    #expect(mapped.choices == measured.choices && mapped.options.planning == .measure)
    #expect(isBitEqual(try outputs(mapped), try outputs(measured)))
    #expect(try file.plan(PackRequest(PlanOptions())).choices == measured.choices)
    #expect(
      status { () throws(LiaeError) in _ = try file.plan(PackRequest(PlanOptions(), of: model)) } == .packMismatch)
  }

  /// Everything that a checkpoint says of itself, in characters that JSON escapes.
  @Test func whatIsKnownOfTheModelIsKept() throws {
    let architecture = architectures[2]
    let random = try Model.random(architecture, seed: 1)
    var info = ModelInfo(origin: .dfm)
    (info.colorOrder, info.faceType, info.iteration) = (.rgb, "whole_face", 123_456)
    info.lacksDestinationPicture = true
    (info.guesses, info.notes) = (["\"quoted\"\n\\ ü 😀", ""], ["a\u{7f}\u{1}note"])
    let folder = try TemporaryFolder()
    let model = try Model(architecture: architecture, info: info, tensors: random.tensors)
    try PackFile.write(Plan(model: model), to: folder("a.liaepack"), replacing: false)
    #expect(try PackFile(path: folder("a.liaepack")).header.info == info)

    var opening = ModelOpening()
    opening.checkpoint = OpenOptions(architecture: "df", colorOrder: .bgr)
    #expect(try opening.open(folder("a.liaepack")).info.colorOrder == .bgr)
    #expect(try opening.open(folder("a.liaepack")).info.faceType == "whole_face")
    opening.checkpoint.faceType = "f"
    #expect(try opening.open(folder("a.liaepack")).info.faceType == "full_face")
    opening.checkpoint.faceType = "nose"
    #expect(status { () throws(LiaeError) in _ = try opening.open(folder("a.liaepack")) } == .invalidArgument)
    opening.checkpoint.faceType = nil
    opening.checkpoint.architecture = "df-c"
    #expect(status { () throws(LiaeError) in _ = try opening.open(folder("a.liaepack")) } == .packMismatch)
  }

  @Test func whatDoesNotFitIsAMismatch() throws {
    let folder = try TemporaryFolder()
    let path = folder("model.liaepack")
    let model = try Model.random(architectures[0], seed: 2)
    func mismatch(_ options: PlanOptions) throws -> Status? {
      let file = try PackFile(path: path)
      return status { () throws(LiaeError) in _ = try file.plan(PackRequest(options)) }
    }
    for packed in InstructionSet.supported {
      try PackFile.write(Plan(model: model, options: PlanOptions(.direct, on: packed)), to: path, replacing: true)
      for used in InstructionSet.supported {
        #expect(try mismatch(PlanOptions(.direct, on: used)) == (used == packed ? nil : .packMismatch))
      }
      // What is left as it is by default is as the file has it.
      #expect(try mismatch(PlanOptions(.automatic, on: packed)) == nil)
    }
    let set = try #require(InstructionSet.supported.last)
    try PackFile.write(Plan(model: model, options: PlanOptions(.automatic, on: set)), to: path, replacing: true)
    #expect(try mismatch(PlanOptions(.direct, on: set)) == .packMismatch)
  }

  @Test func packedWeightsAreNoCheckpoint() throws {
    let folder = try TemporaryFolder()
    let path = folder("model.safetensors")
    try PackFile.write(Plan(model: Model.random(architectures[0], seed: 2)), to: path, replacing: false)
    #expect(FormatSniffer.sniff(try Bytes.read(path: path)) == .packedWeights)
    #expect(status { () throws(LiaeError) in _ = try ModelReader.open(path: path) } == .unsupported)
    #expect(try ModelOpening().open(path).architecture == architectures[0])
    var opening = ModelOpening()
    opening.packedPath = path
    #expect(status { () throws(LiaeError) in _ = try opening.open(path) } == .invalidArgument)
  }

  @Test func everyFailedAllocationIsAnError() throws {
    let folder = try TemporaryFolder()
    let path = folder("model.liaepack")
    let plan = try Plan(model: Model.random(architectures[1], seed: 2))
    try PackFile.write(plan, to: path, replacing: false)
    let opened = failingEveryAllocation { () throws(LiaeError) in _ = try ModelOpening().open(path) }
    #expect(opened.failures > 0 && opened.surprises == [])
    let written = failingEveryAllocation { () throws(LiaeError) in
      try PackFile.write(plan, to: path, replacing: true)
    }
    #expect(written.surprises == [])
  }

  /// Published values.
  @Test(
    arguments: [
      ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
      ("The quick brown fox jumps over the lazy dog", 0x0b24_2d36_1fda_71bc),
    ] as [(String, UInt64)])
  func theChecksumIsXXH64(text: String, expected: UInt64) {
    let hash = Array(text.utf8).withUnsafeBytes { XXH64.hash($0) }
    #expect(hash == expected)
  }

  /// xxHash's own sanity check, on its generated bytes.
  @Test(
    arguments: [
      (1, 0xe934_a84a_db05_2768), (4, 0x9136_a0dc_a574_57ee), (14, 0x8282_dcc4_994e_35c8), (222, 0xb641_ae8c_b691_c174),
    ] as [(Int, UInt64)])
  func theChecksumIsXXH64OfAnyLength(count: Int, expected: UInt64) {
    var state: UInt64 = 2_654_435_761
    let bytes = (0..<count).map { _ in
      defer { state = state &* 11_400_714_785_074_694_797 }
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    #expect(bytes.withUnsafeBytes { XXH64.hash($0) } == expected)
  }
}
