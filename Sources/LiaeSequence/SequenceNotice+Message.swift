// SPDX-License-Identifier: Apache-2.0
import LiaeText

extension SequenceNotice {
  /// The notice as a line for a person.
  package var message: String {
    func others(_ count: Int) -> String { count > 1 ? " and \(count - 1) more" : "" }
    switch self {
    case .failed(let error): return error.message
    case .lackMetadata(let first, let count): return "\(first)\(others(count)): no DeepFaceLab metadata; left out"
    case .lackFrame(let first, let frame, let count):
      return "\(first)\(others(count)): there is no frame \(frame); left out"
    case .pastEnd(let first, let count, let frames):
      return "\(first)\(others(count)): the video has \(frames) frames; left out"
    case .resumed(let folder, let finished, let total):
      return "\(folder): goes on behind \(finished) of \(total) frames"
    case .resized(let first, let width, let height, let side):
      let proportions = width == height ? "" : ", which changes its proportions"
      return "\(first): \(width) x \(height) pixels are resized to the model's \(side) x \(side)\(proportions); "
        + "the same for others of this size"
    case .decoderMessage(let path, let text): return "\(path): ffmpeg says: \(text)"
    case .retimed(let path, let repeated, let dropped, let rate):
      return "\(path): \(repeated) frames were repeated and \(dropped) left out, for \(rate.fixed(3)) frames a second"
    }
  }
}
