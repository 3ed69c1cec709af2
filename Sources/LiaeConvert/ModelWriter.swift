// SPDX-License-Identifier: Apache-2.0
import LiaeModel
import LiaeSystem
import LiaeTensor

/// Writes a model in one of the formats that other programs read.
package enum ModelWriter {
  package enum Format: Sendable, Equatable {
    /// The frozen form, docs/checkpoint.md. The type is that of the stored weights: float32, float16, bfloat16.
    case safetensors(DType)
    /// A folder with `NAME_SAEHD_encoder.npy` ... and `NAME_SAEHD_data.dat`.
    case deepFaceLab(modelName: String)
    case dfm
    /// A training checkpoint of the PyTorch port: state dicts under encoder, inter_AB, inter_B, decoder.
    case torch
  }

  package static func write(_ model: Model, to path: String, as format: Format, replacing: Bool) throws(LiaeError) {
    throw LiaeError(.unsupported, "not yet")
  }
}
