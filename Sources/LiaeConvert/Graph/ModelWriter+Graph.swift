// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelWriter {
  /// Writes a `.dfm` with the names, layouts, operators and operator set that DeepFaceLab's export has.
  ///
  /// - Parameter dtype: float32; float16 for convolutions in half precision.
  static func writeGraph(_ model: Model, to path: String, _ dtype: DType, replacing: Bool) throws(LiaeError) {
    guard dtype == .float32 || dtype == .float16 else {
      throw LiaeError(
        .invalidArgument, "\(path): a .dfm cannot hold \(dtype.rawValue) weights; expected float32 or float16")
    }
    let segments = !model.graph.canSwap
    guard !segments || dtype == .float32 else {
      throw LiaeError(
        .unsupported,
        "\(path): the norms of \(model.architecture.name) have squares that float16 cannot hold; expected float32")
    }
    guard !model.architecture.validHeads else {
      throw LiaeError(
        .unsupported,
        "\(path): a .dfm returns a picture of the input's side; the PyTorch port's \(model.architecture.name) returns one that is 4 pixels smaller"
      )
    }
    var writer: GraphWriter
    do throws(LiaeError) {
      writer = GraphWriter(try model.blueFirst(), dtype)
      try writer.write()
    } catch { throw error.within(path) }

    let side = ONNXModel.Dimension.fixed(model.architecture.resolution)
    func picture(_ name: String, _ channels: Int) -> ONNXModel.ValueInfo {
      ONNXModel.ValueInfo(name: name, dtype: .float32, shape: [.symbolic("N"), side, side, .fixed(channels)])
    }
    var inputs = [picture(GraphWriter.input, 3)]
    if writer.morphs {
      inputs.append(ONNXModel.ValueInfo(name: GraphWriter.morph, dtype: .float32, shape: [.fixed(1)]))
    }
    let graph = ONNXModel.Graph(
      name: DeepFaceLabKind(model.architecture.family).rawValue, nodes: writer.nodes,
      initializers: writer.initializers, inputs: inputs,
      outputs: segments
        ? [picture(GraphWriter.segmentMask, 1)]
        : [
          picture(GraphWriter.destinationMask, 1), picture(GraphWriter.picture, 3), picture(GraphWriter.mask, 1),
        ])
    let onnx = ONNXModel(
      irVersion: 7, producer: "libliae", operatorSets: [ONNXModel.OperatorSet(version: segments ? 13 : 12)],
      graph: graph)
    try onnx.write(to: path, replacing: replacing)
  }
}
