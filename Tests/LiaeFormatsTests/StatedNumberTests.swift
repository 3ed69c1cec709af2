// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Numbers that files state, and files whose content is lost.
@Suite struct StatedNumberTests {
  private let numbers = NumberReader("a file")

  @Test func wholeNumbersWithinTheirRange() throws {
    #expect(try numbers.whole("0", "x", 0...9) == 0)
    #expect(try numbers.whole("18446744073709551615", "x", UInt64.min...UInt64.max) == .max)
    #expect(try numbers.whole(.int(9), "x", 0...9) == 9)
    #expect(try numbers.whole(.float(3), "x", 0...9) == 3)
    #expect(
      try numbers.whole(
        .tensor(TensorView(dtype: .int64, shape: [], storage: Bytes.of([4, 0, 0, 0, 0, 0, 0, 0]))), "x", 0...9) == 4)
  }

  @Test(arguments: ["", "x", "-1", "10", "1e0", "1.0", "9223372036854775808", "0x1", " 1", "nan"])
  func otherTexts(text: String) {
    expectError(.corruptFile, "a file: x is \"\(text)\"; expected a whole number, 0 to 9") {
      _ = try numbers.whole(text, "x", 0...9)
    }
  }

  @Test func otherValues() {
    let values: [(PickleValue, String)] = [
      (.int(-1), "-1"), (.int(.max), "9.2"), (.float(0.5), "0.5"), (.float(.nan), "nan"), (.float(1e308), "1e+308"),
      (.none, "None"), (.string("1"), "a text"), (.list([.int(1)]), "a list"),
    ]
    for (value, found) in values {
      expectError(.corruptFile, "a file: x is \(found)", "0 to 9") { _ = try numbers.whole(value, "x", 0...9) }
    }
  }

  // MARK: - Lost content

  @Test func zerosAndNothingAreSaidToBeLost() throws {
    #expect(try LostContent.remark(Bytes.of([]))?.contains("is empty") == true)
    #expect(try LostContent.remark(Bytes.of(Array(repeating: 0, count: 7)))?.contains("7 zeros") == true)
    let head: [UInt8] = [0x80, 4, 1]
    #expect(
      try LostContent.remark(Bytes.of(head + Array(repeating: 0, count: 512)))?.contains("ends in 512 zeros") == true)
    #expect(try LostContent.remark(Bytes.of(head + Array(repeating: 0, count: 511))) == nil)
    #expect(try LostContent.remark(Bytes.of([1])) == nil)
  }

  /// What downloads leave in place of a file, by its text.
  @Test func webPagesAndPointersAreSaid() throws {
    for (text, words) in [
      ("<!DOCTYPE html>\n<html><title>Quota exceeded</title></html>", "a web page"),
      ("\u{feff} \n<HTML>", "a web page"),
      ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "a web page"),
      ("version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull"),
      ("{\"error\": \"not found\"}", "a server's answer"), ("Not Found", "a server's answer"),
    ] {
      let remark = try StrayText.remark(Bytes.of(Array(text.utf8)))
      #expect(remark?.contains(words) == true, "\(text)")
    }
    for text in ["", "\n", "hello", "< html", "version 1"] {
      #expect(try StrayText.remark(Bytes.of(Array(text.utf8))) == nil, "\(text)")
    }
  }

  @Test func filesOfDeepFaceLabSayTheWayOut() throws {
    for count in [0, 1, 4000] {
      let zeros = try Bytes.of(Array(repeating: 0, count: count))
      expectError(.corruptFile, "data.dat: ", "power cut", "move the file away", "--face-type") {
        _ = try DeepFaceLabFile.parseData(zeros, name: "data.dat")
      }
      expectError(.corruptFile, "encoder.npy: ", "power cut", "autobackups") {
        _ = try DeepFaceLabFile.parseWeights(zeros, name: "encoder.npy")
      }
    }
    // Other damage is told as what it is.
    expectError(.corruptFile, "data.dat") {
      _ = try DeepFaceLabFile.parseData(Bytes.of([0x80, 4, 0x7d]), name: "data.dat")
    }
  }
}
