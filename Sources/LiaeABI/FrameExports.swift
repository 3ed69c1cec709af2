// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor

// liae.h 8: Faces in frames

/// Fills in an empty face.
///
/// @param[out] face         zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_face)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when face is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_face_init")
package func liaeFaceInit(_ face: Out<CFace>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CFace.initialize(face, structSize, "face") }
}

/// Fills in default options, DeepFaceLab's: overlay, the product of the learned masks, rct.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_composite_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_composite_options_init")
package func liaeCompositeOptionsInit(_ options: Out<CCompositeOptions>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CCompositeOptions.initialize(options, structSize, "options") }
}

/// Swaps one face of a frame: aligns, runs, composites.
///
/// For several faces, models or masks use liae_frame_swap_faces(); to get between the steps, liae_frame_align(),
/// liae_context_run() and liae_frame_composite(). Allocates memory for the part of the frame that holds the face.
/// @param[in]  context    a live handle of a model that swaps and whose face type is known, of its file or
///   liae_model_options.face_type
/// @param[in]  frame      any format and size; float values finite, 0...1
/// @param[in]  landmarks  x, y of each point in pixels of the frame, the first pixel's centre (0, 0)
/// @param[in]  count      points: 68 in iBUG's order; or 5, left eye, right eye, tip of the nose, left and right corner of
///   the mouth, as seen in the picture
/// @param[in]  options    made by liae_composite_options_init(); NULL: the defaults
/// @param[out] result     describes the caller's pixels, of the frame's size, any format; may be the frame itself;
///   unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_HANDLE; LIAE_ERROR_INVALID_ARGUMENT for NULL, sizes that differ, landmarks that are
///   not finite, lie on a line or outside the frame, options out of range; LIAE_ERROR_INVALID_STRUCT_SIZE;
///   LIAE_ERROR_BUSY; LIAE_ERROR_CANCELLED; LIAE_ERROR_UNSUPPORTED; LIAE_ERROR_OUT_OF_MEMORY,
///   LIAE_ERROR_RESOURCE_LIMIT.
/// Ownership: all memory is the caller's, borrowed for the call; where frame and result overlap they MUST be the same.
/// Threads: one at a time for each context, whose threads are used; blocks. Since: 0.1.
@_cdecl("liae_frame_swap")
package func liaeFrameSwap(
  _ context: Handle<CContext>?, _ frame: In<CImage>?, _ landmarks: UnsafePointer<Float>?, _ count: Int,
  _ options: In<CCompositeOptions>?, _ result: In<CImage>?
) -> CStatus {
  call { () throws(LiaeError) in
    let context = try OpenContext.registry.find(context)
    let (frame, result) = (try CImage.read(frame, "frame"), try CImage.read(result, "result"))
    let points = try LiaeABI.landmarks(landmarks, count, "landmarks")
    let options = try CCompositeOptions.options(options)
    _ = try CallScope.with(cancelFlag: options.cancelFlag) { () throws(LiaeError) in
      try FrameSwapper(options: options.composition).swap(
        ImageView(frame), [FrameFace(landmarks: points, context: context.context)], into: result, mask: nil)
    }
  }
}

/// Swaps any number of faces of a frame, each with its own model where wanted. Every face is computed from the frame as
/// it was, and they are set in one over the other. Without faces the frame is copied and the mask black.
///
/// @param[in]  frame        any format and size; float values finite, 0...1
/// @param[in]  faces        face_count of liae_face, made by liae_face_init(), each with landmarks and context
/// @param[in]  face_count   0...1024
/// @param[in]  options      made by liae_composite_options_init(); NULL: the defaults
/// @param[in]  run_options  made by liae_run_options_init(), for all faces; NULL: the swap
/// @param[out] result       describes the caller's pixels, of the frame's size, any format; may be the frame itself; NULL:
///   not wanted; unchanged on failure
/// @param[out] mask         likewise: how much of each pixel is a face, 0...1; NULL: not wanted
/// @return as liae_frame_swap().
/// Ownership: all memory is the caller's, borrowed for the call; outputs MUST NOT overlap each other.
/// Threads: one at a time for each context; the first face's composites; blocks. Since: 0.1.
@_cdecl("liae_frame_swap_faces")
package func liaeFrameSwapFaces(
  _ frame: In<CImage>?, _ faces: In<CFace>?, _ faceCount: Int, _ options: In<CCompositeOptions>?,
  _ runOptions: In<CRunOptions>?, _ result: In<CImage>?, _ mask: In<CImage>?
) -> CStatus {
  call { () throws(LiaeError) in
    let frame = try CImage.read(frame, "frame")
    let (result, mask) = (try CImage.readOptional(result, "result"), try CImage.readOptional(mask, "mask"))
    let run = try runOptions.map { (p) throws(LiaeError) in try CRunOptions.read(p, "run_options") } ?? .init()
    let options = try CCompositeOptions.options(options)
    let swapper = FrameSwapper(options: options.composition, mode: try run.runMode())
    let inputs = try CFace.readArray(faces, faceCount)
    var frameFaces: [FrameFace] = []
    for (index, face) in inputs.enumerated() { frameFaces.append(try face.frameFace(index)) }
    try OpenSmoothing.with(inputs) { (smoothings) throws(LiaeError) in
      for (index, smoothing) in smoothings.enumerated() { frameFaces[index].smoothing = smoothing }
      _ = try CallScope.with(cancelFlag: options.cancelFlag) { () throws(LiaeError) in
        try swapper.swap(ImageView(frame), frameFaces, into: result, mask: mask)
      }
    }
  }
}

/// Cuts a face out of a frame as a model takes it: the first of three steps.
///
/// @param[in]  context    a live handle
/// @param[in]  frame      any format and size; float values finite, 0...1
/// @param[in]  landmarks  as for liae_frame_swap()
/// @param[in]  count      as for liae_frame_swap()
/// @param[in]  face_type  LIAE_FACE_TYPE_AUTOMATIC: the model's
/// @param[in]  options    made by liae_composite_options_init(), for super_resolution; NULL: the defaults
/// @param[out] face       describes the caller's resolution x resolution pixels (liae_model_info), any format; unchanged on
///   failure
/// @param[out] matrix     6 values, from the frame to the face, as liae_face_transform() gives; NULL: not wanted
/// @return as liae_frame_swap().
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: one at a time for each context; blocks. Since: 0.1.
@_cdecl("liae_frame_align")
package func liaeFrameAlign(
  _ context: Handle<CContext>?, _ frame: In<CImage>?, _ landmarks: UnsafePointer<Float>?, _ count: Int,
  _ faceType: CFaceType, _ options: In<CCompositeOptions>?, _ face: In<CImage>?,
  _ matrix: UnsafeMutablePointer<Double>?
) -> CStatus {
  call { () throws(LiaeError) in
    let context = try OpenContext.registry.find(context).context
    let (frame, face) = (try CImage.read(frame, "frame"), try CImage.read(face, "face"))
    let points = try LiaeABI.landmarks(landmarks, count, "landmarks")
    var type = try LiaeABI.faceType(faceType, "face_type")
    if type == nil { type = try context.faceType() }
    let options = try CCompositeOptions.options(options)
    let side = context.plan.architecture.resolution
    guard face.width == side, face.height == side else {
      throw LiaeError(
        .invalidArgument, "face is \(face.width) x \(face.height) pixels; this model needs \(side) x \(side)")
    }
    let placement = try FacePlacement(points, type: type ?? .full)
    let transform = try placement.transform(size: side)
    let crop = try CallScope.with(cancelFlag: options.cancelFlag) { () throws(LiaeError) in
      try context.withThreads { (pool) throws(LiaeError) in
        try Frame(ImageView(frame), workers: Workers(pool)).networkInput(
          placement, resolution: side, isEnhanced: options.composition.superResolution != 0)
      }
    }
    crop.write(toWhole: face)
    if let matrix { for (i, element) in transform.elements.enumerated() { matrix[i] = element } }
  }
}

/// Sets faces into a frame: the last of three steps, and for faces that some other program made.
///
/// @param[in]  frame       the frame that the faces were cut out of, any format; float values finite, 0...1
/// @param[in]  faces       face_count of liae_face, made by liae_face_init(), each with landmarks, rgb and the masks that
///   the mask mode needs (XSeg's, or an xseg_context), and a face_type or a context whose model has one
/// @param[in]  face_count  0...1024
/// @param[in]  options     made by liae_composite_options_init(); NULL: the defaults
/// @param[out] result      as for liae_frame_swap_faces()
/// @param[out] mask        as for liae_frame_swap_faces()
/// @return as liae_frame_swap().
/// Ownership: all memory is the caller's, borrowed for the call; outputs MUST NOT overlap each other.
/// Threads: any number without contexts; with one, the threads of the first face's context are used, one call at a time;
/// blocks. Since: 0.1.
@_cdecl("liae_frame_composite")
package func liaeFrameComposite(
  _ frame: In<CImage>?, _ faces: In<CFace>?, _ faceCount: Int, _ options: In<CCompositeOptions>?,
  _ result: In<CImage>?, _ mask: In<CImage>?
) -> CStatus {
  call { () throws(LiaeError) in
    let frame = try CImage.read(frame, "frame")
    let (result, mask) = (try CImage.readOptional(result, "result"), try CImage.readOptional(mask, "mask"))
    let options = try CCompositeOptions.options(options)
    let inputs = try CFace.readArray(faces, faceCount)
    var compositeFaces: [CompositeFace] = []
    for (index, face) in inputs.enumerated() { compositeFaces.append(try face.compositeFace(index)) }
    func composite(_ workers: Workers) throws(LiaeError) {
      var compositor = try Compositor(Frame(ImageView(frame), workers: workers), options: options.composition)
      for (index, face) in compositeFaces.enumerated() {
        do throws(LiaeError) { try compositor.add(face) } catch { throw error.within("face \(index)") }
      }
      try compositor.write(to: result, mask: mask)
    }
    try OpenSmoothing.with(inputs) { (smoothings) throws(LiaeError) in
      for (index, smoothing) in smoothings.enumerated() { compositeFaces[index].smoothing = smoothing }
      try CallScope.with(cancelFlag: options.cancelFlag) { () throws(LiaeError) in
        let contexts = try inputs.compactMap(\.context).map { (handle) throws(LiaeError) in
          try OpenContext.registry.find(handle).context
        }
        var all = contexts
        for (index, face) in inputs.enumerated() {
          if let segmenter = try face.openSegmenter("faces[\(index)]") { all.append(segmenter) }
        }
        try Context.asCall(of: all[...]) { () throws(LiaeError) in
          guard let first = contexts.first else { return try composite(.single) }
          try first.withThreads { (pool) throws(LiaeError) in try composite(Workers(pool)) }
        }
      }
    }
  }
}
