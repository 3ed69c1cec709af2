// SPDX-License-Identifier: Apache-2.0
import LiaeImageIO
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
    case .unmaskable(let first, let count):
      return "\(first)\(others(count)): masks are written into JPEG files alone, as DeepFaceLab has them; left out"
    case .unreadable(let first, let names):
      return "\(first): \(PictureNames.counts(names)) left out, as PNG and JPEG are read: \(PictureNames.remedy(names))"
    case .besideFaceset(let path, let counts): return "\(path): counts alone; \(counts) beside it left out"
    case .repeatedFaces(let first, let other, let count):
      return "\(first)\(others(count)): the same face as \(other) by its name; left out"
    case .ordered(let place, let frame, let other):
      return
        "frames are counted by the numbers in their names: frame \(place) of the landmarks is \(frame). A program that "
        + "sorts names as text counts \(other) there; names of frames in the landmarks file are unambiguous"
    case .gap(let place, let frame):
      return
        "frame \(place) of the landmarks is \(frame), by its place in the folder and not by its number: frames are "
        + "missing before it. Names of frames in the landmarks file are unambiguous"
    case .countedFromOne(let largest, let first):
      return
        "the landmarks count frames from 1 to \(largest), it seems; frame 0 is \(first), so that every face would be "
        + "one frame late. Names of frames in the landmarks file are unambiguous"
    case .turned(let first, let orientation):
      return
        "\(first): Exif orientation \(orientation): frames that have one are turned upright, and landmarks are taken to be "
        + "those of the upright picture"
    case .lost(let first, let properties):
      return "\(first): \(properties.joined(separator: ", ")) of frames are not kept in the output"
    case .mismatch(let mismatch): return mismatch.message
    case .facesEnd(let frame, let following, let total):
      return
        "\(frame) is the last frame with a face: the last \(following) of \(total) frames have none. Are the faces "
        + "complete?"
    case .resumed(let folder, let finished, let total):
      return "\(folder): resumes after \(finished) of \(total) frames"
    case .resized(let first, let width, let height, let side):
      let proportions = width == height ? "" : ", which changes its proportions"
      return "\(first): \(width) x \(height) pixels are resized to the model's \(side) x \(side)\(proportions); "
        + "the same for others of this size"
    case .segmentsRemoved(let folder, let differences):
      return
        "\(folder): segments of an earlier run are removed, as it differs in \(differences.joined(separator: ", "))"
    case .decoderMessage(let path, let text): return "\(path): ffmpeg says: \(text)"
    case .retimed(let path, let repeated, let dropped, let rate):
      return "\(path): \(repeated) frames were repeated and \(dropped) left out, for \(rate.fixed(3)) frames a second"
    case .counted(let path, let frames, let pictures, let counting):
      let used = counting == .decoded ? "frames" : "pictures"
      return
        "\(path): has \(frames) frames, of which ffmpeg makes \(pictures) numbered pictures, as its time stamps are not "
        + "those of a constant rate from 0; the faces are taken to count \(used): choose with --numbering decoded or extracted"
    case .recounted(let path, let counted, let decoded):
      return
        "\(path): \(counted) frames were counted, and \(decoded) decoded: faces may lie on wrong frames. Is the file "
        + "damaged?"
    case .videoLost(let path, let properties):
      return "\(path): the result lacks these properties of the video: \(properties.joined(separator: "; "))"
    }
  }
}
