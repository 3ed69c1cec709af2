import LiaeFormats
// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor
import Testing

/// A parser, and a good file for it.
struct Specimen: Sendable, CustomTestStringConvertible {
  let file: String
  let parse: @Sendable (Bytes) throws -> Void
  var testDescription: String { file }

  static let all = [
    Specimen(file: "formats/types.safetensors") { _ = try SafetensorsFile.parse($0, name: "damaged") },
    Specimen(file: "formats/weights_protocol2.npy") { _ = try DeepFaceLabFile.parseWeights($0, name: "damaged") },
    Specimen(file: "formats/weights_protocol4.npy") { _ = try DeepFaceLabFile.parseWeights($0, name: "damaged") },
    Specimen(file: "formats/weights_protocol5.npy") { _ = try DeepFaceLabFile.parseWeights($0, name: "damaged") },
    Specimen(file: "formats/data_protocol3.dat") { _ = try DeepFaceLabFile.parseData($0, name: "damaged") },
    Specimen(file: "formats/tensors.pt") { _ = try TorchArchive.parse($0, name: "damaged") },
    Specimen(file: "formats/checkpoint.pt") { _ = try TorchArchive.parse($0, name: "damaged") },
    Specimen(file: "networks/torch-udt/ckpts_7.pt") { _ = try TorchArchive.parse($0, name: "damaged") },
    Specimen(file: "formats/fortran_f4.npy") { _ = try NumpyArray.parse($0, name: "damaged") },
    Specimen(file: "faces/faceset_persons.pak") { _ = try Faceset.read($0, name: "damaged") },
  ]
  /// Names of formats that may be good without their end.
  static let beginnings = [
    Specimen(file: "faces/aligned/00004_0.jpg") { _ = try FaceImage.readMetadata($0, name: "damaged") },
    Specimen(file: "faces/py311/00002_0_py311_numpy2.jpg") { _ = try FaceImage.readMetadata($0, name: "damaged") },
  ]
}

@Suite struct DamageTests {
  /// Succeeds, or fails as bad data fails: with a message that begins with the file's name.
  private func parse(_ specimen: Specimen, _ bytes: Bytes, _ what: @autoclosure () -> String) -> Bool {
    do {
      try specimen.parse(bytes)
      return true
    } catch let error as LiaeError {
      #expect(error.message.hasPrefix("damaged"), "\(what()): \(error)")
      #expect(
        [.corruptFile, .limitExceeded, .unsafeFile, .unsupported, .unknownFormat].contains(error.status),
        "\(what()): \(error)")
    } catch { Issue.record(error) }
    return false
  }

  @Test(arguments: Specimen.all) func truncatedAtEveryPercent(_ specimen: Specimen) throws {
    let whole = try golden(specimen.file)
    #expect(parse(specimen, whole, "whole"))
    for percent in 0..<100 {
      let part = Bytes.borrow(UnsafeRawBufferPointer(rebasing: whole.raw[..<(whole.count * percent / 100)]))
      #expect(!parse(specimen, part, "\(percent)%"), "\(percent)% of \(specimen.file) was accepted")
    }
    withExtendedLifetime(whole) {}
  }

  @Test(arguments: Specimen.all + Specimen.beginnings) func everyByteChanged(_ specimen: Specimen) throws {
    let whole = try golden(specimen.file).array
    var random = Random(state: 1)
    for _ in 0..<(whole.count > 100_000 ? 50 : 2000) {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // The first kilobytes hold what describes the rest.
        let at = Int.random(
          in: 0..<(Bool.random(using: &random) ? whole.count : min(whole.count, 2000)), using: &random)
        damaged[at] =
          [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
      }
      _ = parse(specimen, try Bytes.of(damaged), "changed")
    }
  }

  @Test(arguments: Specimen.all + Specimen.beginnings) func randomBytes(_ specimen: Specimen) throws {
    let whole = try golden(specimen.file).array
    var random = Random(state: 2)
    for round in 0..<2000 {
      // Random from the start, or behind what a reader looks for first.
      let kept = round % 2 == 0 ? 0 : Int.random(in: 0...min(64, whole.count), using: &random)
      let count = Int.random(in: 0...300, using: &random)
      let bytes = Array(whole.prefix(kept)) + (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = parse(specimen, try Bytes.of(bytes), "random")
    }
  }
}

/// The inputs of the fuzz targets that are kept, those that once failed among them: run without the engine.
@Suite struct FuzzCorpusTests {
  private static let targets: [(String, @Sendable (Bytes) throws(LiaeError) -> Void)] = [
    ("Safetensors", { (bytes) throws(LiaeError) in _ = try SafetensorsFile.parse(bytes, name: "input") }),
    (
      "Pickle",
      { (bytes) throws(LiaeError) in
        let allowances: [PickleAllowance] = [.numpy, .torch, .faceset]
        guard bytes.count > 0 else { return }
        _ = try PickleReader.parse(bytes, offset: 1, name: "input", allowing: allowances[Int(bytes.raw[0]) % 3]) {
          (id) throws(LiaeError) in
          .tensor(try TensorView(dtype: .float32, shape: [4], storage: try Bytes.allocate(16)))
        }
      }
    ),
    (
      "TorchArchive",
      { (bytes) throws(LiaeError) in
        _ = try TorchArchive.parse(bytes, name: "input", verifyingChecksums: false)
      }
    ),
    ("Numpy", { (bytes) throws(LiaeError) in _ = try NumpyArray.parse(bytes, name: "input") }),
    ("FaceImage", { (bytes) throws(LiaeError) in _ = try FaceImage.readMetadata(bytes, name: "input") }),
    ("Faceset", { (bytes) throws(LiaeError) in _ = try Faceset.read(bytes, name: "input") }),
    ("Landmarks", { (bytes) throws(LiaeError) in _ = try LandmarksFile.read(bytes, name: "input") }),
  ]

  @Test func everyKeptInput() throws {
    for (name, parse) in Self.targets {
      let folder = "\(testsFolder)/fuzz/corpus/\(name)"
      let files = try File.list(folder)
      #expect(!files.isEmpty)
      for file in files {
        do throws(LiaeError) { try parse(try Bytes.read(path: "\(folder)/\(file)")) } catch {
          #expect(error.message.hasPrefix("input"), "\(name)/\(file): \(error)")
        }
      }
    }
  }
}
