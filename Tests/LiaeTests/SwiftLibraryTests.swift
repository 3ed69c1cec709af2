// SPDX-License-Identifier: Apache-2.0
import Liae
import LiaeTestSupport
import Testing

/// The public module, held against DeepFaceLab's own results. It is imported as a program does: nothing but `Liae` and what
/// reads the golden data.
@Suite struct SwiftLibraryTests {
  private let folder = GoldenSet.repository.path("networks/liae-udt")
  private let merge = GoldenSet.repository.path("merge")

  private func bytes(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
  private func floats(_ image: Image) -> [Float] {
    image.bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }
  private func worst(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } }

  @Test func runsGiveDeepFaceLabsNumbers() throws {
    let golden = try NPZ.read("\(folder)/golden.npz")
    let model = try Model(path: folder, options: .init(isDirect: true))
    #expect(model.architecture == "liae-udt" && model.faceType == .whole && model.canMorph)
    let (side, pixels) = (model.resolution, model.resolution * model.resolution)
    let input = Array(try #require(golden["input"]).values.prefix(pixels * 3))
    let context = try Context(model, threads: 2)
    let face = try Image(width: side, height: side, format: .bgrFloat, bytes: bytes(input))
    let output = try context.run(face, destinationMask: true)
    let picture = floats(try #require(output.picture)), mask = floats(try #require(output.mask))
    let expected = Array(try #require(golden["swap_rgb"]).values.prefix(picture.count))
    // Ours is RGB, DeepFaceLab's BGR.
    var turned = picture
    for pixel in stride(from: 0, to: picture.count, by: 3) { turned.swapAt(pixel, pixel + 2) }
    #expect(worst(turned, expected) < 2e-5)
    #expect(worst(mask, Array(try #require(golden["swap_mask"]).values.prefix(mask.count))) < 2e-5)
    #expect(output.destinationMask != nil)
    #expect(try context.run(face, mask: false).mask == nil)
    // A morph of 1 is the swap.
    #expect(try context.run(face, mode: .morph(1)).picture.map(floats).map { worst($0, picture) < 1e-5 } == true)
  }

  @Test func frames() throws {
    let model = try Model(path: "\(folder)/golden.dfm", options: .init(faceType: .whole))
    let context = try Context(model)
    var frame = try Image(width: 272, height: 204)
    frame = try Image(width: 272, height: 204, bytes: frame.bytes.indices.map { UInt8($0 * 7919 % 253) })
    var points: [SIMD2<Float>] = []
    for i in 0..<68 {
      let (x, y) = (60 + 15 * (i % 9) + i * 7 % 5, 40 + 14 * (i / 9) + i * 3 % 4)
      points.append(SIMD2(Float(x), Float(y)))
    }
    let swapped = try context.swap(frame, landmarks: points)
    #expect(swapped != frame && swapped.width == 272)
    var options = CompositeOptions()
    options.blend = .original
    #expect(try context.swap(frame, landmarks: points, options: options) == frame)
    #expect(try context.swap(frame, faces: []) == frame)
  }

  @Test func failures() throws {
    func kind(_ body: () throws -> Void) -> LiaeFailure.Kind? {
      do { try body() } catch { return (error as? LiaeFailure)?.kind }
      return nil
    }
    #expect(kind { _ = try Model(path: "/nonexistent") } == .fileNotFound)
    #expect(kind { _ = try Model(path: folder, options: .init(threads: -1)) } == .invalidArgument)
    #expect(kind { _ = try Model(path: folder, options: .init(memoryLimit: 1000)) } == .resourceLimit)
    #expect(kind { _ = try Image(width: 0, height: 5) } == .invalidArgument)
    #expect(kind { _ = try Image(width: 2, height: 2, bytes: [0]) } == .invalidArgument)
    let context = try Context(Model(path: folder))
    #expect(kind { _ = try context.run(Image(width: 5, height: 5)) } == .invalidArgument)
    #expect(kind { _ = try context.swap(Image(width: 5, height: 5), landmarks: [SIMD2(1, 1)]) } == .invalidArgument)
    var options = CompositeOptions()
    options.erode = 1000
    #expect(kind { _ = try context.swap(Image(width: 5, height: 5), faces: [], options: options) } == .invalidArgument)
    #expect(kind { try context.model.savePacked(to: "/nonexistent/x") } == .fileNotFound)
  }
}
