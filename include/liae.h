// SPDX-License-Identifier: Apache-2.0
// Made by liae-headergen from Sources/LiaeABI: edit there, then `make header`.
#ifndef LIAE_H
#define LIAE_H

/*
 * libliae: runs LIAE and DF face-swap autoencoders on the CPU.
 *
 *   liae_model *model = NULL;
 *   liae_context *context = NULL;
 *   if (liae_model_open("me.safetensors", NULL, &model) != LIAE_OK) puts(liae_last_error());
 *   if (liae_context_create(model, NULL, &context) != LIAE_OK) puts(liae_last_error());
 *   if (liae_context_run(context, NULL, &face, &rgb, &mask, NULL) != LIAE_OK) puts(liae_last_error());
 *
 * Ownership
 * 1. Handles are opaque. A liae_model is immutable and shared by threads; a liae_context holds one run's
 *    workspace and is used by one thread at a time; a context retains its model, so free order is free; freeing
 *    NULL does nothing. Handles are looked up before use: a foreign or freed one is LIAE_ERROR_INVALID_HANDLE.
 * 2. The library never hands out memory that the caller must free and never frees the caller's. Outputs go to
 *    buffers of the caller, whose sizes liae_model_info gives. A returned const char * is static or lives as
 *    long as the named handle; the comment says which.
 * 3. Inputs are borrowed for the call and options are copied.
 * 4. Callbacks take a user_data, and say on which thread they run and what they MUST and MUST NOT do. Only
 *    liae_context_cancel() may come from another thread during a run, and the freeing of handles.
 * 5. After creation a run allocates nothing, takes no global lock past the handle lookup, writes no file and
 *    prints nothing.
 *
 * Errors: a function that can fail returns a liae_status, and liae_last_error() is its message. No argument ends
 * the process, unless it points to memory that is not there.
 *
 * Growth: a struct that begins with struct_size may grow at its end. Its _init function, which takes its sizeof,
 * fills it in; the library reads and writes no more of it than struct_size says. Enums travel as int32_t.
 */

#include <stddef.h>
#include <stdint.h>

/// The version of this header; liae_version() is that of the library that runs.
#define LIAE_VERSION_MAJOR 0
#define LIAE_VERSION_MINOR 1
#define LIAE_VERSION_PATCH 0
#define LIAE_VERSION (LIAE_VERSION_MAJOR * 10000 + LIAE_VERSION_MINOR * 100 + LIAE_VERSION_PATCH)
#define LIAE_VERSION_STRING "0.1.0-dev"
/// The file that a program with this header loads at run time.
#define LIAE_SONAME "libliae.so.0"

#if defined(__GNUC__)
#define LIAE_API __attribute__((visibility("default")))
#define LIAE_NODISCARD __attribute__((warn_unused_result))
#else
#define LIAE_API
#define LIAE_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Constants --------------------------------------------------------------------------------------------------- */

/// What a call says of its outcome. Values are pinned and never reused; families are spaced in decades: 1 a defect of
/// the library, 10 the caller's mistake, 20 files and formats, 30 the network in the file, 40 resources, 50 during a
/// run, 60 unsupported.
typedef int32_t liae_status;
enum {
  LIAE_OK = 0,
  /// A defect of the library itself.
  LIAE_ERROR_INTERNAL = 1,
  LIAE_ERROR_INVALID_ARGUMENT = 10,
  LIAE_ERROR_INVALID_HANDLE = 11,
  LIAE_ERROR_INVALID_STRUCT_SIZE = 12,
  LIAE_ERROR_FILE_NOT_FOUND = 20,
  LIAE_ERROR_INPUT_OUTPUT = 21,
  LIAE_ERROR_UNKNOWN_FORMAT = 22,
  /// The file contradicts its own format.
  LIAE_ERROR_CORRUPT_FILE = 23,
  /// A size in the file is past a limit that the library sets.
  LIAE_ERROR_LIMIT_EXCEEDED = 24,
  /// A pickle asks for a global that is not on the allow-list.
  LIAE_ERROR_UNSAFE_FILE = 25,
  LIAE_ERROR_FILE_EXISTS = 26,
  LIAE_ERROR_UNKNOWN_ARCHITECTURE = 30,
  LIAE_ERROR_MISSING_TENSOR = 31,
  LIAE_ERROR_SHAPE_MISMATCH = 32,
  LIAE_ERROR_OUT_OF_MEMORY = 40,
  LIAE_ERROR_THREAD_FAILURE = 41,
  LIAE_ERROR_CANCELLED = 50,
  LIAE_ERROR_BUSY = 51,
  LIAE_ERROR_UNSUPPORTED = 60
};

/// How the pixels of an image lie in memory. 8-bit values are 0...255, FLOAT values are float, 0...1; rows of floats
/// begin at addresses divisible by 4.
typedef int32_t liae_pixel_format;
enum {
  LIAE_PIXEL_FORMAT_RGB8 = 1,
  LIAE_PIXEL_FORMAT_BGR8 = 2,
  LIAE_PIXEL_FORMAT_RGBA8 = 3,
  LIAE_PIXEL_FORMAT_BGRA8 = 4,
  LIAE_PIXEL_FORMAT_GRAY8 = 5,
  LIAE_PIXEL_FORMAT_RGB_FLOAT = 6,
  LIAE_PIXEL_FORMAT_BGR_FLOAT = 7,
  LIAE_PIXEL_FORMAT_RGBA_FLOAT = 8,
  LIAE_PIXEL_FORMAT_BGRA_FLOAT = 9,
  LIAE_PIXEL_FORMAT_GRAY_FLOAT = 10
};

/// Which of the network's codes the decoder is given.
typedef int32_t liae_mode;
enum {
  /// AB, AB of a destination face: the swap.
  LIAE_MODE_SWAP = 0,
  /// B, AB: the destination face reconstructed.
  LIAE_MODE_RECONSTRUCT_DESTINATION = 1,
  /// AB, AB of a source face: the source face reconstructed.
  LIAE_MODE_RECONSTRUCT_SOURCE = 2,
  /// lerp(B, AB, morph), AB: between the destination reconstructed (0) and the swap (1). Not for DF networks.
  LIAE_MODE_MORPH = 3
};

/// The order of the three channels that a network was trained on.
typedef int32_t liae_color_order;
enum {
  /// As the file says, BGR where it does not.
  LIAE_COLOR_ORDER_AUTOMATIC = 0,
  LIAE_COLOR_ORDER_RGB = 1,
  LIAE_COLOR_ORDER_BGR = 2
};

/// Which convolution algorithms the plan may choose from.
typedef int32_t liae_convolution;
enum {
  /// The fastest for each layer; at least 100 dB against float64.
  LIAE_CONVOLUTION_AUTOMATIC = 0,
  /// Direct sums only.
  LIAE_CONVOLUTION_DIRECT = 1
};

/// How much a log message matters.
typedef int32_t liae_log_level;
enum {
  /// A call failed; the text of liae_last_error().
  LIAE_LOG_LEVEL_ERROR = 1,
  /// Something was assumed that the caller may want to know.
  LIAE_LOG_LEVEL_WARNING = 2,
  /// What a file holds beside the network.
  LIAE_LOG_LEVEL_INFO = 3
};

/// What a picture that the caller writes shows.
typedef int32_t liae_provenance;
enum {
  /// A face as the network gives it.
  LIAE_PROVENANCE_GENERATED = 1,
  /// A frame into which such a face was set.
  LIAE_PROVENANCE_COMPOSITE = 2
};

/* ---- Handles, callbacks and structs ------------------------------------------------------------------------------ */

typedef struct liae_image liae_image;
typedef struct liae_tensor liae_tensor;
typedef struct liae_model_options liae_model_options;
typedef struct liae_model_info liae_model_info;
typedef struct liae_context_options liae_context_options;
typedef struct liae_context_info liae_context_info;
typedef struct liae_run_options liae_run_options;
typedef struct liae_timing liae_timing;
typedef struct liae_cpu liae_cpu;

/// A checkpoint made ready to run. Immutable; any number of threads may use it at the same time.
typedef struct liae_model liae_model;

/// The workspace of one run. One thread at a time.
typedef struct liae_context liae_context;

/// Takes a message of the library, NUL-terminated, valid for the call. Called on the thread whose call of the library
/// caused it, also on several threads at once. MUST NOT call the library.
typedef void (*liae_log_callback)(void *user_data, liae_log_level level, const char *message);

/// Takes the share of a run that is done, 0...1. Called on the thread that runs, between two steps of the network.
/// MUST NOT call the library, except liae_context_cancel().
typedef void (*liae_progress_callback)(void *user_data, float share);

/// One piece of a run's work, given to the host's liae_parallel_for.
typedef void (*liae_task)(void *context, size_t index);

/// The host's thread pool. MUST call task(context, index) exactly once for each index in 0...count - 1, on any threads,
/// in any order, at the same time or one after another, and MUST return only when all calls have returned. Called on
/// the thread that runs, many times a run. MUST NOT call the library, except liae_context_cancel().
typedef void (*liae_parallel_for)(void *user_data, size_t count, liae_task task, void *context);

/// An image described, not copied. This struct never grows.
struct liae_image {
  /// The first pixel of the top row. The caller's; an input is only read.
  void *pixels;
  /// Pixels.
  int32_t width;
  /// Pixels.
  int32_t height;
  /// Bytes from one row to the next, at least width times the bytes of a pixel.
  size_t stride;
  liae_pixel_format format;
  /// Zero.
  int32_t reserved;
};

/// A float tensor described, not copied: (N, H, W, C) row-major without gaps. This struct never grows.
struct liae_tensor {
  /// The first element. The caller's; an input is only read.
  void *data;
  /// Elements, N * H * W * C.
  size_t count;
};

/// What the caller knows of a checkpoint, and how it is made ready. liae_model_options_init() fills in defaults.
struct liae_model_options {
  /// sizeof(liae_model_options); set by liae_model_options_init().
  size_t struct_size;
  /// "liae-udt" and the like: overrules what the file says or what would be guessed, as `u` and `c` change no shape.
  /// NULL: as the file says. Copied.
  const char *architecture;
  /// Overrules what the file says.
  liae_color_order color_order;
  /// LIAE_CONVOLUTION_AUTOMATIC keeps at least 100 dB against float64; LIAE_CONVOLUTION_DIRECT is slower and closer.
  liae_convolution convolution;
  /// Threads that pack the weights, 0...64; 0 is one for each processor.
  int32_t threads;
  /// Zero.
  int32_t reserved;
  /* 0.1 ends here; append below. */
};

/// What is known of a model. Text is UTF-8, the library's, valid until liae_model_free() of the handle it was asked of.
struct liae_model_info {
  /// sizeof(liae_model_info); set by liae_model_info_init().
  size_t struct_size;
  /// Family and options: "liae-udt", "df".
  const char *architecture;
  /// "liae" or "df".
  const char *family;
  /// "dfl" or "torch": which of the two published implementations.
  const char *flavour;
  /// "safetensors", "deepfacelab", "dfm" or "torch": what the file was.
  const char *origin;
  /// "half_face", "midfull_face", "full_face", "whole_face", "head"; empty where the file does not say.
  const char *face_type;
  /// What the file could not tell and was assumed, a line each; empty where nothing was.
  const char *guesses;
  /// What the file holds and a run does not use, a line each; empty where there is nothing.
  const char *notes;
  /// The instruction set that runs of this model use: "avx512", "avx2" or "baseline".
  const char *isa;
  /// Training iteration, -1 where the file does not say.
  int64_t iteration;
  /// Weights that a run reads.
  uint64_t parameter_count;
  /// Bytes of packed weights in memory.
  uint64_t packed_bytes;
  /// Side of the input, pixels.
  int32_t resolution;
  /// Side of the returned picture, pixels. It differs from the input's in one family of networks.
  int32_t rgb_side;
  /// Side of the returned masks, pixels.
  int32_t mask_side;
  /// LIAE_COLOR_ORDER_RGB or LIAE_COLOR_ORDER_BGR: the order of the channels of float tensors.
  liae_color_order color_order;
  int32_t e_dims;
  int32_t ae_dims;
  int32_t d_dims;
  int32_t d_mask_dims;
  /* 0.1 ends here; append below. */
};

/// How a context works. liae_context_options_init() fills in defaults.
struct liae_context_options {
  /// sizeof(liae_context_options); set by liae_context_options_init().
  size_t struct_size;
  /// Threads of one run, the caller's included, 0...64; 0 is one for each processor, 1 starts none. With
  /// parallel_for: how many tasks a run makes of a step at most. The result is the same, bit for bit, for any number.
  int32_t threads;
  /// Images computed together, 1...64. A run takes any number and works through them in groups of this size; a larger
  /// group needs more memory and does each image a little faster.
  int32_t max_batch;
  /// The host's thread pool in place of the context's own; NULL: the context's own. Kept until the context is gone.
  liae_parallel_for parallel_for;
  void *parallel_for_user_data;
  /// NULL: none. Kept until the context is gone.
  liae_progress_callback progress;
  void *progress_user_data;
  /* 0.1 ends here; append below. */
};

/// What a context holds.
struct liae_context_info {
  /// sizeof(liae_context_info); set by liae_context_info_init().
  size_t struct_size;
  /// Bytes of activations and scratch; the packed weights are the model's.
  uint64_t workspace_bytes;
  /// Threads of one run, the caller's included.
  int32_t threads;
  int32_t max_batch;
  /* 0.1 ends here; append below. */
};

/// What one run is to compute. liae_run_options_init() fills in defaults: the swap.
struct liae_run_options {
  /// sizeof(liae_run_options); set by liae_run_options_init().
  size_t struct_size;
  liae_mode mode;
  /// For LIAE_MODE_MORPH, 0...1; not read in other modes.
  float morph;
  /* 0.1 ends here; append below. */
};

/// Time of one step of the network.
struct liae_timing {
  /// sizeof(liae_timing); set by liae_timing_init().
  size_t struct_size;
  /// The step's name; the library's, valid until the context is freed.
  const char *name;
  /// How it was computed; the library's, valid until the context is freed.
  const char *algorithm;
  uint64_t nanoseconds;
  /// Multiplications and additions of the plain sum, all images.
  uint64_t flops;
  /// Bytes of packed weights that the step reads.
  uint64_t weight_bytes;
  /* 0.1 ends here; append below. */
};

/// The processor and what the library makes of it.
struct liae_cpu {
  /// sizeof(liae_cpu); set by liae_cpu_init().
  size_t struct_size;
  /// The instruction set in use: "avx512", "avx2" or "baseline". Static.
  const char *isa;
  /// What processor and system offer, a word each with blanks between, lowest first. Static.
  const char *detected;
  /// Processors that this process may use.
  int32_t processors;
  /// Zero.
  int32_t reserved;
  /* 0.1 ends here; append below. */
};

/* ---- The library ------------------------------------------------------------------------------------------------- */

/// The version of the library that runs, which may be newer than the header: compare with LIAE_VERSION.
///
/// @return major * 10000 + minor * 100 + patch.
/// Threads: any. Since: 0.1.
LIAE_API int32_t liae_version(void);

/// The version as text, "0.1.0"; it ends in "-dev" between releases.
///
/// @return a static string.
/// Threads: any. Since: 0.1.
LIAE_API const char *liae_version_string(void);

/// The name of a status: "LIAE_ERROR_INVALID_HANDLE".
///
/// @param[in] status  any value
/// @return a static string; "LIAE_STATUS_UNKNOWN" for a value that this library does not have.
/// Threads: any. Since: 0.1.
LIAE_API const char *liae_status_string(liae_status status);

/// What went wrong in the thread's last call: names the file, the tensor, what was found and what was expected.
///
/// @return UTF-8 of at most 1023 bytes; empty where the last call succeeded. The library's, valid until the thread's
///   next call of a function that returns a liae_status.
/// Threads: each has its own. Since: 0.1.
LIAE_API const char *liae_last_error(void);

/// Sets who is told of errors, guesses and remarks. The library itself prints nothing.
///
/// @param[in] callback   NULL: nobody is told, as at start
/// @param[in] user_data  handed to the callback; may be NULL
/// Ownership: both are kept until the next call; a call of the old callback may still be under way on another thread
/// when this returns.
/// Threads: any. Since: 0.1.
LIAE_API void liae_log_set_callback(liae_log_callback callback, void *user_data);

/// Fills in an empty liae_cpu.
///
/// @param[out] cpu          zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_cpu)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when cpu is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_cpu_init(liae_cpu *cpu, size_t struct_size);

/// Which instruction set the library uses on this processor. The environment variable LIAE_ISA can only lower it.
///
/// @param[in,out] cpu  made by liae_cpu_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when cpu is NULL or LIAE_ISA is not one of their names,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_cpu_features(liae_cpu *cpu);

/// The XMP packet that says of a picture that it was made with a trained network: put it into every picture you write
/// (PNG: an iTXt chunk with the keyword "XML:com.adobe.xmp"; JPEG: an APP1 segment).
///
/// It holds IPTC DigitalSourceType trainedAlgorithmicMedia (LIAE_PROVENANCE_GENERATED) or
/// compositeWithTrainedAlgorithmicMedia (LIAE_PROVENANCE_COMPOSITE) and the library's name and version.
/// @param[in] provenance  LIAE_PROVENANCE_GENERATED, LIAE_PROVENANCE_COMPOSITE
/// @return a static string, UTF-8 XML; NULL for another value.
/// Threads: any. Since: 0.1.
LIAE_API const char *liae_provenance_xmp(liae_provenance provenance);

/* ---- Models ------------------------------------------------------------------------------------------------------ */

/// Fills in default options.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_model_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_model_options_init(liae_model_options *options, size_t struct_size);

/// Fills in an empty liae_model_info.
///
/// @param[out] info         zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_model_info)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when info is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_model_info_init(liae_model_info *info, size_t struct_size);

/// Opens a checkpoint of any kind, recognised by its content, and makes it ready to run.
///
/// @param[in]  path     UTF-8: a .safetensors, .dfm, .onnx, .pt or .pth file, a DeepFaceLab model folder, or one file of
///   its set
/// @param[in]  options  made by liae_model_options_init(); NULL: defaults
/// @param[out] model    the handle, to be given to liae_model_free(); NULL on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT or LIAE_ERROR_INVALID_STRUCT_SIZE for the caller's mistakes; a status
///   of the families 20 (the file) and 30 (the network in it); LIAE_ERROR_OUT_OF_MEMORY, LIAE_ERROR_THREAD_FAILURE.
/// Ownership: path and options are borrowed for the call. The file is closed when it returns.
/// Threads: any; blocks while it reads and packs the weights. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_model_open(const char *path, const liae_model_options *options,
    liae_model **model);

/// Opens a checkpoint that is one file and stands in memory.
///
/// @param[in]  data     the bytes of a file as liae_model_open() takes it
/// @param[in]  size     bytes
/// @param[in]  options  made by liae_model_options_init(); NULL: defaults
/// @param[out] model    the handle, to be given to liae_model_free(); NULL on failure
/// @return as liae_model_open().
/// Ownership: data, which must not change during the call, and options are borrowed for the call.
/// Threads: any; blocks while it reads and packs the weights. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_model_open_memory(const void *data, size_t size,
    const liae_model_options *options, liae_model **model);

/// What is known of a model.
///
/// @param[in]     model  a live handle
/// @param[in,out] info   made by liae_model_info_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when info is NULL,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Ownership: the texts are the library's, valid until liae_model_free() of this handle.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_model_get_info(liae_model *model, liae_model_info *info);

/// Ends a handle. Contexts of the model stay usable; calls that are under way on other threads end as they would.
///
/// @param[in] model  a live handle; NULL does nothing
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE when it was freed before or is not a model.
/// Threads: any. Since: 0.1.
LIAE_API liae_status liae_model_free(liae_model *model);

/* ---- Contexts ---------------------------------------------------------------------------------------------------- */

/// Fills in default options: one thread for each processor, one image at a time.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_context_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_options_init(liae_context_options *options, size_t struct_size);

/// Fills in an empty liae_context_info.
///
/// @param[out] info         zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_context_info)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when info is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_info_init(liae_context_info *info, size_t struct_size);

/// Fills in an empty liae_timing.
///
/// @param[out] timing       zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_timing)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when timing is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_timing_init(liae_timing *timing, size_t struct_size);

/// Makes the workspace and the threads that runs of a model use.
///
/// @param[in]  model    a live handle; the context retains the model, which may be freed first
/// @param[in]  options  made by liae_context_options_init(); NULL: defaults
/// @param[out] context  the handle, to be given to liae_context_free(); NULL on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT, LIAE_ERROR_INVALID_STRUCT_SIZE,
///   LIAE_ERROR_OUT_OF_MEMORY, LIAE_ERROR_THREAD_FAILURE.
/// Ownership: options are copied; the user data in them is kept until the context is gone.
/// Threads: any. One context is for one thread at a time; make one for each. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_create(liae_model *model, const liae_context_options *options,
    liae_context **context);

/// What a context holds.
///
/// @param[in]     context  a live handle
/// @param[in,out] info     made by liae_context_info_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when info is NULL,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any, also during a run. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_get_info(liae_context *context, liae_context_info *info);

/// How many steps the last run that succeeded was timed in; ask for each with liae_context_get_timing().
///
/// @param[in]  context  a live handle
/// @param[out] count    0 before the first run; unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when count is NULL, LIAE_ERROR_BUSY.
/// Threads: the one that runs. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_get_timing_count(liae_context *context, size_t *count);

/// Time of one step of the last run that succeeded, in the order in which they ran.
///
/// @param[in]     context  a live handle
/// @param[in]     index    below the count of liae_context_get_timing_count()
/// @param[in,out] timing   made by liae_timing_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT, LIAE_ERROR_INVALID_STRUCT_SIZE,
///   LIAE_ERROR_BUSY.
/// Ownership: the texts are the library's, valid until the context is freed.
/// Threads: the one that runs. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_get_timing(liae_context *context, size_t index, liae_timing *timing);

/// Ends the run that is under way with LIAE_ERROR_CANCELLED, soon. A run that starts later is not affected.
///
/// @param[in] context  a live handle
/// @return LIAE_OK, also when nothing runs; LIAE_ERROR_INVALID_HANDLE.
/// Threads: any, and from within callbacks. It does not wait for the run to end. Since: 0.1.
LIAE_API liae_status liae_context_cancel(liae_context *context);

/// Ends a handle. A run that is under way on another thread ends as it would, and the workspace goes with it.
///
/// @param[in] context  a live handle; NULL does nothing
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE when it was freed before or is not a context.
/// Threads: any; not from within callbacks. Since: 0.1.
LIAE_API liae_status liae_context_free(liae_context *context);

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

/// Fills in default options: the swap.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_run_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_run_options_init(liae_run_options *options, size_t struct_size);

/// Runs the network on one face. What is not asked for is not computed. Allocates nothing.
///
/// @param[in]  context   a live handle
/// @param[in]  options   made by liae_run_options_init(); NULL: the swap
/// @param[in]  face      resolution x resolution pixels (liae_model_info), any format; float values finite, 0...1
/// @param[out] rgb       describes the caller's rgb_side x rgb_side pixels, any format; NULL: not wanted
/// @param[out] mask      describes the caller's mask_side x mask_side pixels, any format (a mask goes into every colour
///   channel); NULL: not wanted
/// @param[out] dst_mask  likewise, the mask of the destination face; NULL: not wanted
/// @return LIAE_OK; LIAE_ERROR_INVALID_HANDLE; LIAE_ERROR_INVALID_ARGUMENT for NULL, wrong sizes, short strides, NaN or
///   infinite pixels; LIAE_ERROR_INVALID_STRUCT_SIZE; LIAE_ERROR_BUSY when another thread runs this context;
///   LIAE_ERROR_CANCELLED; LIAE_ERROR_UNSUPPORTED for a morph of a DF network. On failure the content of the outputs is
///   undefined.
/// Ownership: all memory is the caller's, borrowed for the call; outputs MUST NOT overlap the face or each other.
/// Threads: one at a time for each context; blocks. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_run(liae_context *context, const liae_run_options *options,
    const liae_image *face, const liae_image *rgb, const liae_image *mask, const liae_image *dst_mask);

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
LIAE_API LIAE_NODISCARD liae_status liae_context_run_batch(liae_context *context, const liae_run_options *options,
    size_t count, const liae_image *faces, const liae_image *rgb, const liae_image *mask, const liae_image *dst_mask);

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
LIAE_API LIAE_NODISCARD liae_status liae_context_run_tensors(liae_context *context, const liae_run_options *options,
    const liae_tensor *faces, const liae_tensor *rgb, const liae_tensor *mask, const liae_tensor *dst_mask);

#ifdef __cplusplus
}
#endif

#endif
