// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

extension ModelWriter {
  /// Returns what a reader of the written files will find other than in `model`, a sentence each: what the format
  /// cannot hold, and what had to be made up; and that no program can run the model, where its weights are not finite.
  ///
  /// - Throws: `missingTensor`, `cancelled`.
  package static func remarks(on model: Model, as format: Format) throws(LiaeError) -> [String] {
    var remarks = try remarksOnWeights(model)
    switch format {
    case .safetensors, .torch: return remarks
    case .dfm: remarks += remarksOnGraph(model)
    case .deepFaceLab: remarks += remarksOnDeepFaceLab(model)
    }
    if model.info.colorOrder == .rgb {
      remarks.append(
        "this format is read blue first: the channels of the first convolution and of the heads changed places")
    }
    return remarks
  }

  /// The first weight that is not finite: a conversion keeps it, and a run refuses it.
  private static func remarksOnWeights(_ model: Model) throws(LiaeError) -> [String] {
    for spec in model.graph.tensors where !spec.isUnused {
      let tensor = try model.tensor(spec.name)
      guard let index = try tensor.firstNonFinite() else { continue }
      return [
        "tensor \(spec.name): element \(index) is \(tensor[index]): the checkpoint is damaged or its training diverged, and "
          + "runs refuse it"
      ]
    }
    return []
  }

  private static func remarksOnGraph(_ model: Model) -> [String] {
    let info = model.info
    var lost: [String] = []
    if let faceType = info.faceType { lost.append("the face type (\(faceType))") }
    if let iteration = info.iteration { lost.append("the iterations of training (\(iteration))") }
    if let morph = info.trainedMorph { lost.append("the morph factor of training (\(morph))") }
    var remarks: [String] = []
    if let last = lost.popLast() {
      let list = lost.isEmpty ? last : "\(lost.joined(separator: ", ")) and \(last)"
      remarks.append("\(model.graph.canSwap ? "a .dfm" : "an .onnx file") has no place for \(list)")
    }
    if model.architecture.family == .df && !info.lacksDestinationPicture {
      remarks.append(
        "a .dfm holds the mask branch of decoder_dst alone: the destination cannot be reconstructed with it")
    }
    return remarks
  }

  private static func remarksOnDeepFaceLab(_ model: Model) -> [String] {
    let (info, kind) = (model.info, DeepFaceLabKind(model.architecture.family))
    var remarks: [String] = []
    let (letters, isExact) = kind.faceType(info)
    if !isExact {
      let written = ModelInfo.faceTypes.first { $0.letters == letters }?.name ?? letters
      let why =
        info.faceType.map { "DeepFaceLab's \(kind.rawValue) has no face type \($0)" } ?? "the face type is not known"
      remarks.append("\(why): data.dat says \(written), which DeepFaceLab's merger goes by")
    }
    if info.iteration == nil { remarks.append("the iterations of training are not known: data.dat says 1") }
    if model.architecture.family == .amp && info.trainedMorph == nil {
      remarks.append("the morph factor of training is not known: data.dat says \(DeepFaceLabKind.defaultMorph)")
    }
    if info.lacksDestinationPicture {
      remarks.append("the picture branch of decoder_dst is not there: DeepFaceLab will initialise it")
    }
    return remarks
  }
}
