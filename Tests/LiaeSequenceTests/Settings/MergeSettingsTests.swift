// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSequence
import LiaeSystem
import LiaeTestSupport
import LiaeText
import Testing

@Suite struct MergeSettingsTests {
  private func settings(_ given: (String, JSON)...) throws -> MergeSettings {
    try MergeSettings(file: nil, given: given)
  }

  /// DeepFaceLab's numbers of merge modes, mask modes and colour transfers stand for the names of the same place.
  @Test func namesAndNumbers() throws {
    for (number, name) in MergeSettings.modes.enumerated() {
      let found = try settings(("mode", .string(name))).options.blend
      #expect(try settings(("mode", .integer(number))).options.blend == found && Int(found.rawValue) == number)
    }
    #expect(MergeSettings.modes.count == CompositeOptions.Blend.allCases.count)
    #expect(MergeSettings.maskModes.count == CompositeOptions.MaskMode.allCases.count)
    #expect(MergeSettings.colorTransfers.count == ColorTransfer.allCases.count)
    #expect(MergeSettings.sharpenings.count == Sharpening.allCases.count)
    #expect(try settings(("mask-mode", .string("5"))).options.maskMode == .learnedSum)
    #expect(try settings(("color-transfer", .string("MKL"))).options.colorTransfer == .mkl)
  }

  @Test func whatIsWrittenIsRead() throws {
    let folder = try TemporaryFolder()
    var written = MergeSettings()
    written.options.blend = .seamless
    (written.options.erode, written.options.seed, written.faceType) = (-12, 7, .head)
    (written.landmarkSmoothing, written.maskSmoothing) = (LandmarkSmoothing(.string("0.5,2")), 0.25)
    written.morph = 0.58
    try written.write(to: folder("a.json"), replacing: false)
    let read = try MergeSettings(file: folder("a.json"), given: [("erode", .integer(3))])
    var expected = written
    expected.options.erode = 3
    #expect(read.json.text() == expected.json.text() && read.options == expected.options)
    #expect(read.runMode == .morph(0.58) && MergeSettings().runMode == .swap)
    #expect(MergeSettings.differences(written.json, read.json) == ["erode (-12 -> 3)"])
    #expect(MergeSettings().json.text() == (try settings()).json.text())
    // The same content may be there already; another may not.
    #expect(failure { try written.write(to: folder("a.json"), replacing: false) } == nil)
    #expect(failure { try read.write(to: folder("a.json"), replacing: false) }?.status == .fileExists)
  }

  @Test(arguments: [
    ("mode", JSON.string("over"), "--mode is \"over\"; expected original, overlay, hist-match"),
    ("mask-mode", .integer(11), "expected full, dst"), ("erode", .integer(401), "expected -400 to 400"),
    ("seed", .integer(-1), "0 or more"), ("smooth-mask", .number(2), "above 0 and up to 1"),
    ("smooth-color", .number(.nan), "--smooth-color is nan"), ("smooth-landmarks", .string("0,1"), "CUTOFF,BETA"),
    ("morph", .number(1.01), "--morph is 1.01; expected 0 to 1"), ("morph", .number(.nan), "--morph is nan"),
    ("smooth-landmarks", .string("1,1,1"), "CUTOFF,BETA"), ("face-type", .string("nose"), "whole_face"),
    ("erodee", .integer(1), "the nearest is \"erode\""),
    // Possible alone, and not together or not here.
    ("sharpen-amount", .integer(5), "--sharpen is none"),
  ]) func whatIsNotPossible(key: String, value: JSON, text: String) {
    let error = failure { _ = try settings((key, value)) }
    #expect(error?.status == .invalidArgument && error?.message.contains(text) == true, "\(error as Any)")
    #expect(error?.message.hasPrefix("--\(key)") == true && error?.message.contains("null") == false)
  }

  /// Masks of the swapped face need a network; those of the frame's face may stand in aligned files.
  @Test(arguments: 0...10) func masksThatTakeAnXSegModel(mode: Int) throws {
    let settings = try settings(("mask-mode", .integer(mode == 10 ? 7 : mode)))
    #expect(failure { try settings.check(hasXSeg: true) } == nil)
    let error = failure { try settings.check(hasXSeg: false) }
    #expect((error != nil) == [6, 8, 9].contains(mode), "\(mode)")
    #expect(error == nil || error?.status == .invalidArgument && error?.message.contains("--xseg") == true)
  }

  /// DeepFaceLab's letters are the face types of models.
  @Test func lettersOfFaceTypes() throws {
    for (letters, type) in [("h", FaceType.half), ("mf", .midFull), ("f", .full), ("wf", .whole), ("head", .head)] {
      #expect(try settings(("face-type", .string(letters))).faceType == type)
      #expect(try settings(("face-type", .string(type.rawValue))).faceType == type)
    }
    #expect(try settings(("face-type", .string("full_face_no_align"))).faceType == .fullNoAlign)
  }

  @Test(arguments: ["none", "idt", "idt-m", "sot-m", "mix-m"]) func coloursWithoutStatistics(transfer: String) {
    let error = failure { _ = try settings(("color-transfer", .string(transfer)), ("smooth-color", .number(0.5))) }
    #expect(error?.message.contains("expected rct, lct, mkl, mkl-m") == true)
  }
}
