// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels

extension ConvolutionShape {
  /// The same for the model of costs.
  private var layer: ConvolutionLayer {
    ConvolutionLayer(
      name: "", inputChannels: inputChannels, outputChannels: outputChannels, kernel: kernel, stride: stride,
      padding: padding, activation: .none, depthToSpace: depthToSpace, inputSide: inputHeight)
  }

  /// The way with the least estimated time; U is made anew in each run.
  ///
  /// - Parameter workers: threads that will run it.
  func method(_ kernels: TrainingKernelTable, workers: Int, rates: Rates) -> any ConvolutionMethod {
    func seconds(_ algorithm: ConvolutionAlgorithm) -> Double {
      rates.seconds(Work(layer, algorithm), makesWeights: algorithm != .direct, images: count)
    }
    let families = WinogradConvolution.families(self)
    guard let best = families.min(by: { seconds(.winograd($0)) < seconds(.winograd($1)) }),
      seconds(.winograd(best)) < seconds(.direct)
    else { return PatchConvolution(self) }
    return WinogradConvolution(
      self, tileSize: best, kernels: kernels, workers: workers,
      multiplications: Double(count) * Work(layer, .winograd(best)).multiplications)
  }
}
