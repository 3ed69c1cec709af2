// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor

// liae.h 4: Models

/// Fills in default options.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_model_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_model_options_init")
package func liaeModelOptionsInit(_ options: Out<CModelOptions>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CModelOptions.initialize(options, structSize, "options") }
}

/// Fills in an empty liae_model_info.
///
/// @param[out] info         zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_model_info)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when info is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_model_info_init")
package func liaeModelInfoInit(_ info: Out<CModelInfo>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CModelInfo.initialize(info, structSize, "info") }
}

/// Opens a checkpoint of any kind, recognised by its content, and makes it ready to run; or packed weights, which are
/// ready at once.
///
/// @param[in]  path     UTF-8: a .safetensors, .dfm, .onnx, .pt or .pth file; a DeepFaceLab model folder, or one file of
///   its set; the folder in which liae-train trains one model, its state file or a backup, of which the weights of the
///   last save are taken; or packed weights
/// @param[in]  options  made by liae_model_options_init(); NULL: defaults
/// @param[out] model    the handle, to be given to liae_model_free(); NULL on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT, also for a folder of several models, which liae_last_error() names, or
///   LIAE_ERROR_INVALID_STRUCT_SIZE for the caller's mistakes; a status of the families 20 (the file) and 30 (the network
///   in it), LIAE_ERROR_PACK_MISMATCH for packed weights of another processor, library or choice;
///   LIAE_ERROR_INPUT_OUTPUT for a file that is changed while it is read; LIAE_ERROR_CORRUPT_FILE for weights that are not
///   finite, unless options.allow_non_finite is 1;
///   LIAE_ERROR_OUT_OF_MEMORY, LIAE_ERROR_THREAD_FAILURE, LIAE_ERROR_RESOURCE_LIMIT; LIAE_ERROR_CANCELLED.
/// Ownership: path and options are borrowed for the call. A checkpoint's file is closed when it returns; packed weights
/// stay mapped while the model or a context of it lives, unless options.copy_packed is 1, and MUST NOT be changed or
/// truncated in place meanwhile, which would end the process (SIGBUS): a file that replaces them by its name is fine.
/// Threads: any; blocks while it reads and packs the weights. Since: 0.1.
@_cdecl("liae_model_open")
package func liaeModelOpen(
  _ path: UnsafePointer<CChar>?, _ options: In<CModelOptions>?,
  _ model: UnsafeMutablePointer<Handle<CModel>?>?
) -> CStatus {
  call { () throws(LiaeError) in
    let model = try require(model, "model")
    model.pointee = nil
    let path = try text(path, "path")
    model.pointee = try CModelOptions.with(options) { (options) throws(LiaeError) in
      try OpenModel.registry.insert(OpenModel(options.opening().open(path)))
    }
  }
}

/// Opens a checkpoint that is one file and stands in memory.
///
/// @param[in]  data     the bytes of a file as liae_model_open() takes it
/// @param[in]  size     bytes
/// @param[in]  options  made by liae_model_options_init(); NULL: defaults
/// @param[out] model    the handle, to be given to liae_model_free(); NULL on failure
/// @return as liae_model_open().
/// Ownership: data, which must not change during the call, and options are borrowed for the call.
/// Threads: any; blocks while it reads and packs the weights. Since: 0.1.
@_cdecl("liae_model_open_memory")
package func liaeModelOpenMemory(
  _ data: UnsafeRawPointer?, _ size: Int, _ options: In<CModelOptions>?,
  _ model: UnsafeMutablePointer<Handle<CModel>?>?
) -> CStatus {
  call { () throws(LiaeError) in
    let model = try require(model, "model")
    model.pointee = nil
    let data = try require(data, "data")
    guard size >= 0 else { throw LiaeError(.invalidArgument, "size is \(UInt(bitPattern: size))") }
    let memory = Bytes.borrow(UnsafeRawBufferPointer(start: data, count: size))
    model.pointee = try CModelOptions.with(options) { (options) throws(LiaeError) in
      let opening = try options.opening()
      let opened = try ModelReader.open(memory: memory, options: opening.checkpoint)
      return try OpenModel.registry.insert(OpenModel(opening.open(consume opened)))
    }
  }
}

/// Properties of a model.
///
/// @param[in]     model  a live handle
/// @param[in,out] info   made by liae_model_info_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when info is NULL,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Ownership: the texts are the library's, valid until liae_model_free() of this handle.
/// Threads: any. Since: 0.1.
@_cdecl("liae_model_get_info")
package func liaeModelGetInfo(_ model: Handle<CModel>?, _ info: Out<CModelInfo>?) -> CStatus {
  call { () throws(LiaeError) in
    let model = try OpenModel.registry.find(model)
    let info = try require(info, "info")
    try model.info.write(to: info, "info")
  }
}

/// Writes the packed weights of a model, so that liae_model_open() of that file is quick and processes share its memory:
/// docs/packed-weights.md. They are for this processor's instruction set and this version of the library.
///
/// @param[in] model  a live handle
/// @param[in] path   UTF-8: the file; one that is there is replaced, whole or not at all, behind symbolic links and with
///   its permissions; a character device or a FIFO that somebody reads is written to
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when path is NULL, LIAE_ERROR_INPUT_OUTPUT,
///   LIAE_ERROR_FILE_NOT_FOUND for a folder that is not there, LIAE_ERROR_OUT_OF_MEMORY; LIAE_ERROR_CANCELLED after
///   liae_model_cancel().
/// Ownership: path is borrowed for the call.
/// Threads: any; blocks until the weights are on the disk. Since: 0.1.
@_cdecl("liae_model_save_packed")
package func liaeModelSavePacked(_ model: Handle<CModel>?, _ path: UnsafePointer<CChar>?) -> CStatus {
  call { () throws(LiaeError) in
    let model = try OpenModel.registry.find(model)
    try model.save(to: try text(path, "path"))
  }
}

/// Ends the calls of liae_model_save_packed() that are under way with LIAE_ERROR_CANCELLED, soon; the file stays as it was.
/// One that starts later is not affected. liae_model_open() has a flag in its options for this, contexts have
/// liae_context_cancel().
///
/// @param[in] model  a live handle
/// @return LIAE_OK, also when nothing is saved; LIAE_ERROR_INVALID_HANDLE.
/// Threads: any. It does not wait for the calls to end. Since: 0.1.
@_cdecl("liae_model_cancel")
package func liaeModelCancel(_ model: Handle<CModel>?) -> CStatus {
  call { () throws(LiaeError) in try OpenModel.registry.find(model).cancel() }
}

/// Ends a handle. Contexts of the model stay usable; calls that are under way on other threads end as they would.
///
/// @param[in] model  a live handle; NULL does nothing
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE when it was freed before or is not a model.
/// Threads: any. Since: 0.1.
@_cdecl("liae_model_free")
package func liaeModelFree(_ model: Handle<CModel>?) -> CStatus {
  call { () throws(LiaeError) in
    if let model { try OpenModel.registry.remove(model) }
  }
}
