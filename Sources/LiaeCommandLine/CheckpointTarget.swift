// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LiaeConvert
import LiaeTensor

/// The format in which a checkpoint is written: what the name of the file says, unless an option does.
package struct CheckpointTarget: ParsableArguments {
  package enum Target: String, CaseIterable, ExpressibleByArgument { case safetensors, deepfacelab, dfm, torch }
  package enum WeightType: String, CaseIterable, ExpressibleByArgument { case float32, float16, bfloat16 }

  @Option(help: "Format to write, where the name of OUT does not say it.")
  var to: Target?

  @Option(
    help: "Type of the weights in safetensors, and float32 or float16 of the convolutions in a .dfm. (default: float32)"
  )
  var type: WeightType?

  @Option(
    help: .init(
      "Name of a DeepFaceLab model, without _: the files are NAME_SAEHD_encoder.npy or NAME_AMP_encoder.npy and so on.",
      valueName: "name"))
  var name = "model"

  package init() {}

  /// - Throws: for options that do not fit the format of `output`.
  package func check(_ output: String) throws {
    switch (target(output), type) {
    case (_, nil), (.safetensors, _), (.dfm, .float32), (.dfm, .float16): break
    case (.dfm, _): throw ValidationError("--type of a .dfm is float32 or float16")
    default: throw ValidationError("--type is for safetensors and .dfm only")
    }
    guard !name.isEmpty, !name.contains("/") else {
      throw ValidationError("--name is \"\(name)\"; expected a file name")
    }
  }

  package func format(_ output: String) -> ModelWriter.Format {
    switch target(output) {
    case .safetensors: return .safetensors(weightType)
    case .deepfacelab: return .deepFaceLab(modelName: name)
    case .dfm: return .dfm(weightType)
    case .torch: return .torch
    }
  }

  private var weightType: DType {
    switch type ?? .float32 {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    }
  }

  private func target(_ output: String) -> Target {
    if let to { return to }
    let endings: [(String, Target)] = [
      (".safetensors", .safetensors), (".dfm", .dfm), (".onnx", .dfm), (".pt", .torch), (".pth", .torch),
    ]
    return endings.first { output.lowercased().hasSuffix($0.0) }?.1 ?? .deepfacelab
  }
}
