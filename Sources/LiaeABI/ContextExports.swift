// SPDX-License-Identifier: Apache-2.0
import LiaeRuntime
import LiaeSystem

// liae.h 5: Contexts

/// Fills in default options: one thread for each processor, one image at a time.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_context_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_context_options_init")
package func liaeContextOptionsInit(_ options: Out<CContextOptions>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CContextOptions.initialize(options, structSize, "options") }
}

/// Fills in an empty liae_context_info.
///
/// @param[out] info         zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_context_info)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when info is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_context_info_init")
package func liaeContextInfoInit(_ info: Out<CContextInfo>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CContextInfo.initialize(info, structSize, "info") }
}

/// Fills in an empty liae_timing.
///
/// @param[out] timing       zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_timing)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when timing is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_timing_init")
package func liaeTimingInit(_ timing: Out<CTiming>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CTiming.initialize(timing, structSize, "timing") }
}

/// Makes the workspace and the threads that runs of a model use.
///
/// @param[in]  model    a live handle; the context retains the model, which may be freed first
/// @param[in]  options  made by liae_context_options_init(); NULL: defaults
/// @param[out] context  the handle, to be given to liae_context_free(); NULL on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT, LIAE_ERROR_INVALID_STRUCT_SIZE,
///   LIAE_ERROR_OUT_OF_MEMORY, LIAE_ERROR_THREAD_FAILURE, LIAE_ERROR_RESOURCE_LIMIT.
/// Ownership: options are copied; the user data in them is kept until the context is gone.
/// Threads: any. One context is for one thread at a time; make one for each. Since: 0.1.
@_cdecl("liae_context_create")
package func liaeContextCreate(
  _ model: Handle<CModel>?, _ options: In<CContextOptions>?,
  _ context: UnsafeMutablePointer<Handle<CContext>?>?
) -> CStatus {
  call { () throws(LiaeError) in
    let context = try require(context, "context")
    context.pointee = nil
    let model = try OpenModel.registry.find(model)
    let options = try options.map { (p) throws(LiaeError) in try CContextOptions.read(p, "options") } ?? .init()
    let opened = try OpenContext(plan: model.plan, options: try options.contextOptions())
    context.pointee = try OpenContext.registry.insert(opened)
  }
}

/// Properties of a context.
///
/// @param[in]     context  a live handle
/// @param[in,out] info     made by liae_context_info_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when info is NULL,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any, also during a run. Since: 0.1.
@_cdecl("liae_context_get_info")
package func liaeContextGetInfo(_ context: Handle<CContext>?, _ info: Out<CContextInfo>?) -> CStatus {
  call { () throws(LiaeError) in
    let context = try OpenContext.registry.find(context)
    let info = try require(info, "info")
    var result = CContextInfo()
    result.workspaceBytes = UInt64(context.context.workspaceBytes)
    result.threads = Int32(clamping: context.context.threads)
    result.maxBatch = Int32(clamping: context.maxBatch)
    try result.write(to: info, "info")
  }
}

/// Returns the number of steps that the last run which succeeded was timed in; ask for each with
/// liae_context_get_timing().
///
/// @param[in]  context  a live handle
/// @param[out] count    0 before the first run; unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when count is NULL, LIAE_ERROR_BUSY.
/// Threads: the one that runs. Since: 0.1.
@_cdecl("liae_context_get_timing_count")
package func liaeContextGetTimingCount(
  _ context: Handle<CContext>?, _ count: UnsafeMutablePointer<Int>?
) -> CStatus {
  call { () throws(LiaeError) in
    let context = try OpenContext.registry.find(context)
    let count = try require(count, "count")
    count.pointee = try context.timings().count
  }
}

/// Time of one step of the last run that succeeded, in the order in which they ran.
///
/// @param[in]     context  a live handle
/// @param[in]     index    below the count of liae_context_get_timing_count()
/// @param[in,out] timing   made by liae_timing_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT, LIAE_ERROR_INVALID_STRUCT_SIZE,
///   LIAE_ERROR_BUSY.
/// Ownership: the texts are the library's, valid until the context is freed.
/// Threads: the one that runs. Since: 0.1.
@_cdecl("liae_context_get_timing")
package func liaeContextGetTiming(
  _ context: Handle<CContext>?, _ index: Int, _ timing: Out<CTiming>?
) -> CStatus {
  call { () throws(LiaeError) in
    let context = try OpenContext.registry.find(context)
    let timing = try require(timing, "timing")
    let timings = try context.timings()
    guard timings.indices.contains(index) else {
      throw LiaeError(.invalidArgument, "index is \(UInt(bitPattern: index)); the last run has \(timings.count) steps")
    }
    try timings[index].write(to: timing, "timing")
  }
}

/// Ends the run that is under way with LIAE_ERROR_CANCELLED, soon. A run that starts later is not affected.
///
/// @param[in] context  a live handle
/// @return LIAE_OK, also when nothing runs; LIAE_ERROR_INVALID_HANDLE.
/// Threads: any, and from within callbacks. It does not wait for the run to end. Since: 0.1.
@_cdecl("liae_context_cancel")
package func liaeContextCancel(_ context: Handle<CContext>?) -> CStatus {
  call { () throws(LiaeError) in try OpenContext.registry.find(context).context.cancel() }
}

/// Ends a handle. A run that is under way on another thread ends as it would, and the workspace goes with it.
///
/// @param[in] context  a live handle; NULL does nothing
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE when it was freed before or is not a context.
/// Threads: any; not from within callbacks. Since: 0.1.
@_cdecl("liae_context_free")
package func liaeContextFree(_ context: Handle<CContext>?) -> CStatus {
  call { () throws(LiaeError) in
    if let context { try OpenContext.registry.remove(context) }
  }
}
