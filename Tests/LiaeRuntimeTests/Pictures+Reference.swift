// SPDX-License-Identifier: Apache-2.0
import LiaeKernelsReference

extension Pictures {
  init(_ outputs: [ReferenceNetwork.Output]) {
    self.init()
    (rgb, mask, destinationMask) = (outputs.map(\.rgb), outputs.map(\.mask), outputs.map(\.destinationMask))
  }
}
