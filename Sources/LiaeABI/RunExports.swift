// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

// liae.h 6: Runs

/// Fills in default options: the swap.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_run_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_run_options_init")
package func liaeRunOptionsInit(_ options: Out<CRunOptions>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CRunOptions.initialize(options, structSize, "options") }
}

/// Runs the network on one face. What is not asked for is not computed. Allocates nothing, unless it finds packed weights
/// damaged that can be packed anew.
///
/// @param[in]  context   a live handle
/// @param[in]  options   made by liae_run_options_init(); NULL: the swap, or of a model of
///   LIAE_MODEL_KIND_SEGMENT the mask
/// @param[in]  face      resolution x resolution pixels (liae_model_info), any format; float values finite, 0...1
/// @param[out] rgb       describes the caller's rgb_side x rgb_side pixels, any format; NULL: not wanted, as it must be
///   where rgb_side is 0
/// @param[out] mask      describes the caller's mask_side x mask_side pixels, any format (a mask goes into every colour
///   channel); NULL: not wanted
/// @param[out] dst_mask  likewise, the mask of the destination face; NULL: not wanted, as it must be where rgb_side is 0
/// @return LIAE_OK; LIAE_ERROR_INVALID_HANDLE; LIAE_ERROR_INVALID_ARGUMENT for NULL, wrong sizes, short strides, NaN or
///   infinite pixels, and for results that are not finite, unless liae_model_options.allow_non_finite was 1;
///   LIAE_ERROR_CORRUPT_FILE where packed weights, whose checksums the first run that uses them compares, are damaged;
///   LIAE_ERROR_INVALID_STRUCT_SIZE; LIAE_ERROR_BUSY when another thread runs this context; LIAE_ERROR_CANCELLED;
///   LIAE_ERROR_UNSUPPORTED for LIAE_MODE_MORPH where liae_model_info.can_morph is 0, for the picture of a destination
///   face of a df .dfm, which holds that decoder's mask alone, and for LIAE_MODE_SEGMENT of a model that swaps and any other
///   mode of one that segments. On failure the content of the outputs is undefined.
/// Ownership: all memory is the caller's, borrowed for the call; outputs MUST NOT overlap the face or each other.
/// Threads: one at a time for each context; blocks. Since: 0.1.
@_cdecl("liae_context_run")
package func liaeContextRun(
  _ context: Handle<CContext>?, _ options: In<CRunOptions>?, _ face: In<CImage>?, _ rgb: In<CImage>?,
  _ mask: In<CImage>?, _ dstMask: In<CImage>?
) -> CStatus {
  call { () throws(LiaeError) in try run(context, options, 1, face, rgb, mask, dstMask) }
}

/// Runs the network on several faces. Allocates nothing, but for the first call whose count is above both 8 and the
/// max_batch of the context's options.
///
/// @param[in]  context   a live handle
/// @param[in]  options   as for liae_context_run(); the same for all faces
/// @param[in]  count     faces, 1...65536
/// @param[in]  faces     count descriptions, as for liae_context_run()
/// @param[out] rgb       count descriptions; NULL: not wanted
/// @param[out] mask      count descriptions; NULL: not wanted
/// @param[out] dst_mask  count descriptions; NULL: not wanted
/// @return as liae_context_run(), and LIAE_ERROR_OUT_OF_MEMORY.
/// Ownership: as for liae_context_run().
/// Threads: one at a time for each context; blocks. Since: 0.1.
@_cdecl("liae_context_run_batch")
package func liaeContextRunBatch(
  _ context: Handle<CContext>?, _ options: In<CRunOptions>?, _ count: Int, _ faces: In<CImage>?,
  _ rgb: In<CImage>?, _ mask: In<CImage>?, _ dstMask: In<CImage>?
) -> CStatus {
  call { () throws(LiaeError) in try run(context, options, count, faces, rgb, mask, dstMask) }
}

/// Runs the network on float tensors, as the network sees them: values 0...1, channels in the model's colour order.
///
/// @param[in]  context   a live handle
/// @param[in]  options   as for liae_context_run(); the same for all faces
/// @param[in]  faces     (N, resolution, resolution, 3); N follows from its count
/// @param[out] rgb       describes the caller's (N, rgb_side, rgb_side, 3); NULL: not wanted
/// @param[out] mask      describes the caller's (N, mask_side, mask_side, 1); NULL: not wanted
/// @param[out] dst_mask  likewise; NULL: not wanted
/// @return as liae_context_run_batch(); LIAE_ERROR_INVALID_ARGUMENT also when a count does not fit.
/// Ownership: as for liae_context_run().
/// Threads: one at a time for each context; blocks. Since: 0.1.
@_cdecl("liae_context_run_tensors")
package func liaeContextRunTensors(
  _ context: Handle<CContext>?, _ options: In<CRunOptions>?, _ faces: In<CTensor>?, _ rgb: In<CTensor>?,
  _ mask: In<CTensor>?, _ dstMask: In<CTensor>?
) -> CStatus {
  call { () throws(LiaeError) in
    let context = try OpenContext.registry.find(context)
    let faces = try require(faces, "faces").loadUnaligned(as: CTensor.self)
    let plan = context.context.plan
    let (side, order) = (plan.architecture.resolution, plan.info.colorOrder)
    let data = try require(faces.data, "faces->data")
    try requireAligned(data, "faces->data")
    let (count, rest) = faces.count.quotientAndRemainder(dividingBy: side * side * 3)
    guard faces.count > 0, rest == 0 else {
      throw LiaeError(
        .invalidArgument,
        "faces->count is \(UInt(bitPattern: faces.count)); expected a multiple of \(side) x \(side) x 3")
    }
    let rgbFormat: PixelFormat = order == .rgb ? .rgbFloat : .bgrFloat
    let (rgbSide, maskSide) = (plan.architecture.rgbSide, plan.architecture.maskSide)
    try context.run(options, count: count) { (scratch) throws(LiaeError) in
      scratch.setInputs(data, count, side: side, order: order)
      try scratch.setOutput(.rgb, rgb, count, side: rgbSide, format: rgbFormat)
      try scratch.setOutput(.mask, mask, count, side: maskSide, format: .grayFloat)
      try scratch.setOutput(.destinationMask, dstMask, count, side: maskSide, format: .grayFloat)
    }
  }
}

private func run(
  _ context: OpaquePointer?, _ options: UnsafeRawPointer?, _ count: Int, _ faces: UnsafeRawPointer?,
  _ rgb: UnsafeRawPointer?, _ mask: UnsafeRawPointer?, _ dstMask: UnsafeRawPointer?
) throws(LiaeError) {
  try OpenContext.registry.find(context).run(options, count: count) { (scratch) throws(LiaeError) in
    try scratch.setInputs(faces, count)
    try scratch.setOutput(.rgb, rgb, count)
    try scratch.setOutput(.mask, mask, count)
    try scratch.setOutput(.destinationMask, dstMask, count)
  }
}
