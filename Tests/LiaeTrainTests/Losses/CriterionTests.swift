// SPDX-License-Identifier: Apache-2.0
import LiaeTrain
import Testing

/// Tests which windows of structure a criterion has.
@Suite struct CriterionTests {
  /// DeepFaceLab's two begin at 256 pixels, the port's above.
  @Test(arguments: [
    (64, [5]), (128, [11]), (192, [16]), (224, [19]), (256, [22, 11]), (320, [27, 13]), (384, [33, 16]),
    (512, [44, 22]),
    (640, [55, 27]),
  ])
  func windows(resolution: Int, sizes: [Int]) {
    let own = Criterion(.deepFaceLab, resolution: resolution).windows
    #expect(own.map(\.size) == sizes && own.map(\.weight) == (sizes.count == 1 ? [10] : [5, 5]))
    let port = Criterion(.torch, resolution: resolution).windows
    #expect(port.map(\.size) == (resolution == 256 ? [22] : sizes) && port.allSatisfy { $0.weight == 5 })
  }
}
