// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import Testing

import LiaeSynth

@Suite struct SyntheticFaces {
  @Test func filesReadBack() throws {
    let parameters = FrameParameters(index: 3, seed: 1, purpose: .training, person: "a")
    let frame = try Renderer(width: 320, height: 320).render(Cast.head("a"), parameters)
    let face = try SyntheticFace(frame, type: .whole, size: 128)
    let file = try face.encoded(name: "face.jpg", source: "00004.png", quality: 95)
    let metadata = try #require(try FaceImage.readMetadata(file, name: "face.jpg"))
    #expect(metadata.faceType == "whole_face")
    #expect(metadata.sourceFilename == "00004.png")
    #expect(metadata.sourceLandmarks == frame.landmarks)
    #expect(metadata.imageToFaceMatrix == face.matrix.elements)
    for (p, q) in zip(metadata.landmarks, frame.landmarks) {
      let r = face.matrix(q)
      #expect(abs(p.x - r.x) < 1e-6 && abs(p.y - r.y) < 1e-6)
    }
    let mask = try Picture.decode(try #require(metadata.xsegMask), name: "mask").converted(to: .grayFloat)
    #expect(mask.width == 128 && mask.height == 128)
    #expect(zip(mask.values, face.mask.values).allSatisfy { abs($0 - $1) <= 0.5 / 255 + 1e-5 })
    // The picture survives the JPEG.
    let picture = try Picture.decode(file, name: "face.jpg")
    let whole = try MaskCanvas(width: 128, height: 128)
    for i in 0..<whole.count { whole.pixels[i] = 1 }
    let quality = try ImageQuality(
      ColorCanvas(reading: picture.view), truth: ColorCanvas(reading: face.picture.view), within: whole)
    #expect(quality.psnr > 30)
    withExtendedLifetime((picture, face)) {}
    let packed = try Faceset.Face(filename: "face.jpg", jpeg: file)
    #expect(packed.shape == [128, 128, 3] && packed.xsegMask != nil)
  }

  @Test func onlyOneTransformForBothPersons() throws {
    let cases = try SwapCases(
      source: Cast.head("a"), destination: Cast.head("b"), type: .whole, resolution: 64, seed: 9)
    let first = try cases.make(2)
    let again = try cases.make(2)
    #expect(first.truth.colors.isFinite)
    for i in 0..<first.truth.colors.count { #expect(first.truth.colors.pixels[i] == again.truth.colors.pixels[i]) }
    let both = try ImageQuality.intersection(first.destination.mask, first.truth.mask)
    let covered = (0..<both.count).filter { both.pixels[$0] > 0.5 }.count
    // The faces lie over each other.
    #expect(covered > 500 && covered < 2500)
  }

  @Test func parametersDependOnSeedIndexPurposeAndPersonAlone() {
    func make(_ index: Int, _ seed: UInt64, _ purpose: FrameParameters.Purpose, _ person: String) -> FrameParameters {
      FrameParameters(index: index, seed: seed, purpose: purpose, person: person)
    }
    let one = make(5, 1, .training, "a")
    #expect(one == make(5, 1, .training, "a"))
    for other in [
      make(6, 1, .training, "a"), make(5, 2, .training, "a"), make(5, 1, .training, "b"), make(5, 1, .evaluation, "a"),
    ] {
      #expect(one != other)
    }
    // Persons share what they are compared in.
    #expect(make(5, 1, .evaluation, "a") == make(5, 1, .evaluation, "b"))
  }

  @Test func parametersStayWithinTheirRanges() {
    var (yaws, jaws) = (ClosedRange<Float>(uncheckedBounds: (0, 0)), Float(0))
    for index in 0..<2000 {
      let p = FrameParameters(index: index, seed: 4, purpose: .training)
      #expect(abs(p.yaw) <= 0.873 && abs(p.pitch) <= 0.35 && abs(p.roll) <= 0.35)
      for value in [p.jaw, p.smile, p.blink, p.pucker] { #expect((0...1).contains(value)) }
      #expect((-0.6...1).contains(p.brows))
      yaws = min(yaws.lowerBound, p.yaw)...max(yaws.upperBound, p.yaw)
      jaws = max(jaws, p.jaw)
    }
    #expect(yaws.lowerBound < -0.7 && yaws.upperBound > 0.7 && jaws > 0.9)
  }

  @Test func videosMoveSmoothly() {
    let path = ParameterPath(seed: 2, frames: 200, rate: 25, purpose: .training)
    var (travelled, blinked) = (Float(0), Float(0))
    for frame in 1..<200 {
      let (before, now) = (path[frame - 1], path[frame])
      #expect(abs(now.yaw - before.yaw) < 0.12 && abs(now.jaw - before.jaw) < 0.12)
      #expect(now.light == before.light && now.scene == before.scene)
      travelled += abs(now.yaw - before.yaw)
      blinked = max(blinked, now.blink)
    }
    #expect(travelled > 1 && blinked > 0.7)
  }

  @Test func impossibleFramesAreRefused() {
    #expect(throws: LiaeError.self) { try Renderer(width: 15, height: 100) }
    #expect(throws: LiaeError.self) { try Renderer(width: 100, height: 5000) }
  }
}
