// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

// liae.h 9: Sequences of frames

/// Fills in default options: landmarks are steadied, masks and colours are as they are.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_smoothing_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_smoothing_options_init")
package func liaeSmoothingOptionsInit(_ options: Out<CSmoothingOptions>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CSmoothingOptions.initialize(options, structSize, "options") }
}

/// Begins a sequence of frames of one face.
///
/// Steady its landmarks with liae_smoothing_landmarks() before you align or swap it, and name it in liae_face, so that its
/// mask and its colours are averaged too.
/// @param[in]  options    made by liae_smoothing_options_init(); NULL: the defaults
/// @param[out] smoothing  the handle, to be given to liae_smoothing_free(); NULL on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT for NULL or options out of range, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Ownership: options are copied.
/// Threads: any. One smoothing is for one face, its frames in order. Since: 0.1.
@_cdecl("liae_smoothing_create")
package func liaeSmoothingCreate(
  _ options: In<CSmoothingOptions>?, _ smoothing: UnsafeMutablePointer<Handle<CSmoothing>?>?
) -> CStatus {
  call { () throws(LiaeError) in
    let smoothing = try require(smoothing, "smoothing")
    smoothing.pointee = nil
    let options =
      try options.map { (p) throws(LiaeError) in try CSmoothingOptions.read(p, "options") } ?? .init()
    smoothing.pointee = try OpenSmoothing.registry.insert(OpenSmoothing(options))
  }
}

/// The landmarks of the next frame, steadied by a one-euro filter (Casiez, Roussel and Vogel, CHI 2012). The first are
/// handed back as they are.
///
/// @param[in]  smoothing  a live handle
/// @param[in]  landmarks  x, y of each point in pixels of the frame
/// @param[in]  count      points, 68 or 5; another number than before begins anew
/// @param[in]  seconds    since the frame before, above 0 and up to 1e6
/// @param[out] result     as many points; may be landmarks; unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT, LIAE_ERROR_BUSY.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: one at a time for each smoothing. Since: 0.1.
@_cdecl("liae_smoothing_landmarks")
package func liaeSmoothingLandmarks(
  _ smoothing: Handle<CSmoothing>?, _ landmarks: UnsafePointer<Float>?, _ count: Int, _ seconds: Double,
  _ result: UnsafeMutablePointer<Float>?
) -> CStatus {
  call { () throws(LiaeError) in
    let smoothing = try OpenSmoothing.registry.find(smoothing)
    let points = try LiaeABI.landmarks(landmarks, count, "landmarks")
    let result = try require(result, "result")
    try requireAligned(result, "result")
    guard seconds > 0, seconds <= 1e6 else {
      throw LiaeError(.invalidArgument, "seconds is \(seconds); expected above 0, up to 1e6")
    }
    let steady = try smoothing.alone { (smoothing) throws(LiaeError) in
      try smoothing.smooth(points, interval: seconds)
    }
    for (i, point) in steady.points.enumerated() {
      (result[2 * i], result[2 * i + 1]) = (Float(point.x), Float(point.y))
    }
  }
}

/// Begins the sequence anew: the next frame is another scene.
///
/// @param[in] smoothing  a live handle
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_BUSY.
/// Threads: one at a time for each smoothing. Since: 0.1.
@_cdecl("liae_smoothing_reset")
package func liaeSmoothingReset(_ smoothing: Handle<CSmoothing>?) -> CStatus {
  call { () throws(LiaeError) in
    try OpenSmoothing.registry.find(smoothing).alone { (smoothing) throws(LiaeError) in smoothing.reset() }
  }
}

/// Ends the handle. A call that uses it goes on to its end.
///
/// @param[in] smoothing  a live handle; NULL does nothing
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE for one that is freed already.
/// Threads: any. Since: 0.1.
@_cdecl("liae_smoothing_free")
package func liaeSmoothingFree(_ smoothing: Handle<CSmoothing>?) -> CStatus {
  call { () throws(LiaeError) in
    if let smoothing { try OpenSmoothing.registry.remove(smoothing) }
  }
}
