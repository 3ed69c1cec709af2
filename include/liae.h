// SPDX-License-Identifier: Apache-2.0
// Made by liae-headergen from Sources/LiaeABI: edit there, then `make header`.
#ifndef LIAE_H
#define LIAE_H

/*
 * libliae: runs LIAE, DF and AMP face-swap autoencoders on the CPU, on faces and on faces in frames.
 *
 *   liae_model *model = NULL;
 *   liae_context *context = NULL;
 *   if (liae_model_open("me.safetensors", NULL, &model) != LIAE_OK) puts(liae_last_error());
 *   if (liae_context_create(model, NULL, &context) != LIAE_OK) puts(liae_last_error());
 *   if (liae_context_run(context, NULL, &face, &rgb, &mask, NULL) != LIAE_OK) puts(liae_last_error());
 *   if (liae_frame_swap(context, &frame, landmarks, 68, NULL, &frame) != LIAE_OK) puts(liae_last_error());
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
 *    prints nothing. Work on frames allocates memory for the part of the frame that it changes.
 *
 * Errors: a function that can fail returns a liae_status, and liae_last_error() is its message. No argument ends
 * the process, unless it points to memory that is not there.
 *
 * Memory: an allocation that fails is LIAE_ERROR_OUT_OF_MEMORY, small ones included: objects of the Swift runtime,
 * which cannot report it, come from a reserve of 8 MiB in the library's own pages until the call has given up. What
 * no status can be had for: a host whose other threads use up the reserve at the same time, a stack that cannot
 * grow, and a system that grants memory and ends the process when it is used (overcommitment). How much memory a
 * call, a context or a model may take can be limited: LIAE_ERROR_RESOURCE_LIMIT.
 *
 * The process: each call sets the floating-point environment (MXCSR and x87; FPCR and FPSR) to the default and
 * restores the caller's; callbacks run in the default one. Signal handlers and masks stay as they are; threads of the library block all
 * signals but those of their own faults. Environment variables that the library reads: LIAE_ISA.
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

/// The outcome of a call. Values are pinned and never reused; classes of outcomes are spaced in decades: 1 a defect of the
/// library, 10 the caller's mistake, 20 files and formats, 30 the network in the file, 40 resources, 50 during a run,
/// 60 unsupported.
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
  /// Packed weights that do not fit: another instruction set, version, choice or checkpoint.
  LIAE_ERROR_PACK_MISMATCH = 27,
  LIAE_ERROR_UNKNOWN_ARCHITECTURE = 30,
  LIAE_ERROR_MISSING_TENSOR = 31,
  LIAE_ERROR_SHAPE_MISMATCH = 32,
  LIAE_ERROR_OUT_OF_MEMORY = 40,
  LIAE_ERROR_THREAD_FAILURE = 41,
  /// A buffer would pass the memory limit that the caller has set.
  LIAE_ERROR_RESOURCE_LIMIT = 42,
  LIAE_ERROR_CANCELLED = 50,
  LIAE_ERROR_BUSY = 51,
  LIAE_ERROR_UNSUPPORTED = 60
};

/// The layout of an image's pixels in memory. 8-bit values are 0...255, FLOAT values are float, 0...1; rows of floats
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

/// A mode chooses the face that a run computes, by the code that the decoder is given. A code is named after the module
/// that makes it.
typedef int32_t liae_mode;
enum {
  /// The swap: the source's face in place of a destination face. liae: AB, AB; df: inter, by the source's decoder; amp:
  /// inter_src.
  LIAE_MODE_SWAP = 0,
  /// A destination face reconstructed. liae: B, AB; df: inter, by the destination's decoder; amp: inter_dst.
  LIAE_MODE_RECONSTRUCT_DESTINATION = 1,
  /// A source face reconstructed: what the swap computes, of a source face.
  LIAE_MODE_RECONSTRUCT_SOURCE = 2,
  /// The face between the destination's reconstruction (0) and the swap (1), by liae_run_options.morph. liae: lerp(B,
  /// AB, morph), AB; amp: the first trunc(inter_dims * morph) channels of inter_src, a product in float, and the others
  /// of inter_dst. Not in df, which has one code.
  LIAE_MODE_MORPH = 3,
  /// The mask of a face, 1 where nothing covers it: xseg, and no other model.
  LIAE_MODE_SEGMENT = 4
};

/// The order of the three channels that a network was trained on.
typedef int32_t liae_color_order;
enum {
  /// The order that the file states, BGR where it states none.
  LIAE_COLOR_ORDER_AUTOMATIC = 0,
  LIAE_COLOR_ORDER_RGB = 1,
  LIAE_COLOR_ORDER_BGR = 2
};

/// The convolution algorithms that the plan may choose from.
typedef int32_t liae_convolution;
enum {
  /// The fastest for each layer; at least 100 dB against float64.
  LIAE_CONVOLUTION_AUTOMATIC = 0,
  /// Direct sums only.
  LIAE_CONVOLUTION_DIRECT = 1
};

/// The memory that a model's weights may take. A checkpoint in 16 bits is kept in 16 bits wherever weights stand as the
/// checkpoint has them, exactly.
typedef int32_t liae_memory;
enum {
  /// Weights stand as the kernels multiply with them, 2.7 times the float32 checkpoint, but for layers that are quicker
  /// from taps where many cores share the memory: the fastest.
  LIAE_MEMORY_SPEED = 0,
  /// Weights take at most 1.3 times the float32 checkpoint: layers that win least by it are stored as taps.
  LIAE_MEMORY_BALANCED = 1,
  /// Weights stand as the checkpoint has them and are transformed in every run.
  LIAE_MEMORY_MEMORY = 2
};

/// The part of a head that a face shows: DeepFaceLab's face types.
typedef int32_t liae_face_type;
enum {
  /// The model's; in liae_model_options: as the file says.
  LIAE_FACE_TYPE_AUTOMATIC = 0,
  LIAE_FACE_TYPE_HALF = 1,
  LIAE_FACE_TYPE_MID_FULL = 2,
  LIAE_FACE_TYPE_FULL = 3,
  LIAE_FACE_TYPE_WHOLE = 4,
  LIAE_FACE_TYPE_HEAD = 5,
  /// The extent of full, not turned with the face.
  LIAE_FACE_TYPE_FULL_NO_ALIGN = 6,
  /// The extent of head, not turned with the face.
  LIAE_FACE_TYPE_HEAD_NO_ALIGN = 7
};

/// A mask that follows from landmarks alone.
typedef int32_t liae_mask_kind;
enum {
  /// The face without forehead: the hull of the landmarks.
  LIAE_MASK_KIND_HULL = 0,
  /// Both eyes, with soft edges.
  LIAE_MASK_KIND_EYES = 1,
  /// The opening of the lips, with soft edges.
  LIAE_MASK_KIND_MOUTH = 2
};

/// The interpolation between pixels of an image.
typedef int32_t liae_interpolation;
enum {
  /// Four neighbours, as DeepFaceLab extracts faces.
  LIAE_INTERPOLATION_LINEAR = 0,
  /// Sixteen neighbours, as it merges them.
  LIAE_INTERPOLATION_CUBIC = 1
};

/// The blend by which a face is set into its frame; the numbers are DeepFaceLab's modes.
typedef int32_t liae_blend;
enum {
  /// The frame as it is; its mask is computed all the same.
  LIAE_BLEND_ORIGINAL = 0,
  LIAE_BLEND_OVERLAY = 1,
  /// Overlay after matching the histograms of the channels.
  LIAE_BLEND_HISTOGRAM_MATCH = 2,
  /// Poisson image editing: gradients of the face, borders of the frame.
  LIAE_BLEND_SEAMLESS = 3,
  LIAE_BLEND_SEAMLESS_HISTOGRAM_MATCH = 4,
  /// The whole square of the face, without mask.
  LIAE_BLEND_RAW_RGB = 5,
  /// The face itself and no frame.
  LIAE_BLEND_RAW_PREDICT = 6
};

/// The mask with which a face is set in; the numbers are DeepFaceLab's mask modes. "Swap" is its "prd", "destination"
/// its "dst".
typedef int32_t liae_mask_mode;
enum {
  LIAE_MASK_MODE_FULL = 0,
  /// The convex hull of the landmarks.
  LIAE_MASK_MODE_DESTINATION = 1,
  LIAE_MASK_MODE_LEARNED_SWAP = 2,
  LIAE_MASK_MODE_LEARNED_DESTINATION = 3,
  LIAE_MASK_MODE_LEARNED_PRODUCT = 4,
  LIAE_MASK_MODE_LEARNED_SUM = 5,
  LIAE_MASK_MODE_XSEG_SWAP = 6,
  LIAE_MASK_MODE_XSEG_DESTINATION = 7,
  LIAE_MASK_MODE_XSEG_PRODUCT = 8,
  /// The product of both learned masks and both of XSeg.
  LIAE_MASK_MODE_ALL_PRODUCT = 9,
  /// One that the caller has for the frame.
  LIAE_MASK_MODE_GIVEN = 10
};

/// The method by which a face takes the colours of the frame; the numbers are DeepFaceLab's modes.
typedef int32_t liae_color_transfer;
enum {
  LIAE_COLOR_TRANSFER_NONE = 0,
  /// Mean and deviation of L*, a*, b*. Source: E. Reinhard et al., Color Transfer between Images (2001).
  LIAE_COLOR_TRANSFER_RCT = 1,
  /// Mean and covariance by the product of matrix square roots ("linear").
  LIAE_COLOR_TRANSFER_LCT = 2,
  /// Mean and covariance by the linear map that moves colours the least. Source: F. Pitié, A. Kokaram, The Linear
  /// Monge-Kantorovitch Linear Colour Mapping (2007).
  LIAE_COLOR_TRANSFER_MKL = 3,
  /// Mean and covariance by the linear map that moves colours the least. Source: F. Pitié, A. Kokaram, The Linear
  /// Monge-Kantorovitch Linear Colour Mapping (2007).
  LIAE_COLOR_TRANSFER_MKL_M = 4,
  /// Histograms along random axes. Source: F. Pitié et al., N-Dimensional Probability Density Function Transfer (2005).
  LIAE_COLOR_TRANSFER_IDT = 5,
  /// Histograms along random axes. Source: F. Pitié et al., N-Dimensional Probability Density Function Transfer (2005).
  LIAE_COLOR_TRANSFER_IDT_M = 6,
  /// Sorts projections on random directions ("sliced optimal transfer"), then smooths.
  LIAE_COLOR_TRANSFER_SOT_M = 7,
  /// L* by lct; a* and b* by sliced optimal transfer at one lightness, in 8 bits.
  LIAE_COLOR_TRANSFER_MIX_M = 8
};

/// The method by which a face is sharpened.
typedef int32_t liae_sharpening;
enum {
  LIAE_SHARPENING_NONE = 0,
  LIAE_SHARPENING_BOX = 1,
  LIAE_SHARPENING_GAUSSIAN = 2
};

/// A kind says what runs of a model return.
typedef int32_t liae_model_kind;
enum {
  /// Faces with another identity, and their masks: liae, df, amp.
  LIAE_MODEL_KIND_SWAP = 0,
  /// The mask of a face, less where something covers it: xseg.
  LIAE_MODEL_KIND_SEGMENT = 1
};

/// The severity of a log message.
typedef int32_t liae_log_level;
enum {
  /// A call failed; the text of liae_last_error().
  LIAE_LOG_LEVEL_ERROR = 1,
  /// A warning that something was assumed, or left out, which the caller may want to know.
  LIAE_LOG_LEVEL_WARNING = 2,
  /// A remark on what a file holds beside the network; packed weights that were written.
  LIAE_LOG_LEVEL_INFO = 3
};

/// The origin of a picture that the caller writes.
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
typedef struct liae_face liae_face;
typedef struct liae_composite_options liae_composite_options;
typedef struct liae_smoothing_options liae_smoothing_options;
typedef struct liae_pose liae_pose;

/// A checkpoint made ready to run. Immutable; any number of threads may use it at the same time.
typedef struct liae_model liae_model;

/// The workspace of one run. One thread at a time.
typedef struct liae_context liae_context;

/// State of one face from frame to frame, which keeps it from flickering. One thread at a time.
typedef struct liae_smoothing liae_smoothing;

/// Takes a message of the library, NUL-terminated, valid for the call. Called on the thread whose call of the library
/// caused it, also on several threads at once. MUST NOT call the library, and MUST return.
typedef void (*liae_log_callback)(void *user_data, liae_log_level level, const char *message);

/// Takes the share of a run that is done, 0...1. Called on the thread that runs, between two steps of the network.
/// MUST NOT call the library, except liae_context_cancel(), and MUST return: a context that a longjmp or an exception has left
/// stays busy.
typedef void (*liae_progress_callback)(void *user_data, float share);

/// One piece of a run's work, given to the host's liae_parallel_for.
typedef void (*liae_task)(void *context, size_t index);

/// The host's thread pool. MUST call task(context, index) exactly once for each index in 0...count - 1, on any threads,
/// in any order, at the same time or one after another, and MUST return when all calls have returned, not earlier: a run
/// whose work was not done ends with LIAE_ERROR_THREAD_FAILURE. Called on the thread that runs, many times a run. MUST NOT
/// call the library, except liae_context_cancel().
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

/// Options of opening a model: what the caller knows of the checkpoint, and how it is made ready.
/// liae_model_options_init() fills in defaults.
struct liae_model_options {
  /// sizeof(liae_model_options); set by liae_model_options_init().
  size_t struct_size;
  /// "liae-udt", "df", "amp" and the like: overrules what the file says or what would be guessed, as `u` and `c` change no
  /// shape. NULL: as the file says. Copied.
  const char *architecture;
  /// Overrules what the file says.
  liae_color_order color_order;
  /// LIAE_CONVOLUTION_AUTOMATIC keeps at least 100 dB against float64; LIAE_CONVOLUTION_DIRECT is slower and closer.
  liae_convolution convolution;
  /// Threads that pack the weights, 0...64; 0 is one for each processor.
  int32_t threads;
  /// Zero.
  int32_t reserved;
  /// Packed weights beside a checkpoint (docs/packed-weights.md): mapped where they fit it, else written, or where that
  /// is not possible done without; the log says which. Where a run finds them damaged, the checkpoint is packed again in
  /// that run. NULL: none. Copied.
  const char *packed_path;
  /// 1: packed weights are read whole and their checksums compared when they are opened; 0: the header's alone, and that
  /// of each part in the first run that uses it.
  int32_t verify_packed;
  /// Memory that weights may take. Results of all policies are the same to the bit.
  liae_memory memory;
  /// Face type of the model's faces; overrules what the file says. A .dfm does not say it, a PyTorch file neither, and
  /// frames need it. LIAE_FACE_TYPE_HALF to LIAE_FACE_TYPE_HEAD; LIAE_FACE_TYPE_AUTOMATIC: as the file says.
  liae_face_type face_type;
  /// Multiplications that the machine does in the time in which it reads one byte of memory, at most 10,000: it decides
  /// which layers of a large model LIAE_MEMORY_SPEED stores as taps, because their transformed weights would be waited for.
  /// Results do not depend on it. 0: measured when the model is packed, within some 50 ms.
  float machine_balance;
  /// Ends the call with LIAE_ERROR_CANCELLED, soon, once another thread has set it to anything but 0 with an atomic store.
  /// The caller's, valid for the call; NULL: none.
  const int32_t *cancel;
  /// Bytes of memory that the call, and the packed weights that it leaves, may take; past it LIAE_ERROR_RESOURCE_LIMIT.
  /// Mapped files do not count. 0: no limit.
  uint64_t memory_limit;
  /// 1: packed weights are read into memory of this process. 0: they are mapped and shared with other processes; a file
  /// that is truncated while it is mapped ends the process (SIGBUS), so that packed weights MUST be replaced by their name
  /// alone, as liae_model_save_packed() does, and never written to in place.
  int32_t copy_packed;
  /// 1: weights that are infinite or NaN are run; 0: they are LIAE_ERROR_CORRUPT_FILE when the model is opened, and a run
  /// whose result is not finite is LIAE_ERROR_INVALID_ARGUMENT.
  int32_t allow_non_finite;
  /* 0.1 ends here; append below. */
};

/// Properties of a model. Text is UTF-8, the library's, valid until liae_model_free() of the handle it was asked of.
struct liae_model_info {
  /// sizeof(liae_model_info); set by liae_model_info_init().
  size_t struct_size;
  /// Family and options: "liae-udt", "df", "amp", "xseg".
  const char *architecture;
  /// "liae", "df", "amp" or "xseg".
  const char *family;
  /// "dfl" or "torch": which of the two published implementations.
  const char *flavour;
  /// "safetensors", "deepfacelab", "dfm" or "torch": what the file was.
  const char *origin;
  /// "half_face", "midfull_face", "full_face", "whole_face", "head"; empty where neither the file nor the options say it.
  const char *face_type;
  /// Assumptions about what the file could not tell, a line each; empty where nothing was.
  const char *guesses;
  /// Contents of the file that a run does not use, a line each; empty where there is nothing.
  const char *notes;
  /// The instruction set that runs of this model use: "avx512", "avx2" or "baseline"; on arm64 "neon" or "baseline".
  const char *isa;
  /// Training iteration, -1 where the file does not say.
  int64_t iteration;
  /// Weights that a run reads.
  uint64_t parameter_count;
  /// Bytes of packed weights in memory.
  uint64_t packed_bytes;
  /// Side of the input, pixels.
  int32_t resolution;
  /// Side of the returned picture, pixels. It differs from the input's in one family of networks, and is 0 for a model of
  /// LIAE_MODEL_KIND_SEGMENT, which returns none.
  int32_t rgb_side;
  /// Side of the returned masks, pixels.
  int32_t mask_side;
  /// LIAE_COLOR_ORDER_RGB or LIAE_COLOR_ORDER_BGR: the order of the channels of float tensors.
  liae_color_order color_order;
  int32_t e_dims;
  int32_t ae_dims;
  int32_t d_dims;
  int32_t d_mask_dims;
  /// Channels of a latent code of AMP, which liae_run_options.morph is a share of; 0 in other families.
  int32_t inter_dims;
  /// 1: LIAE_MODE_MORPH runs (liae, amp); 0: it is LIAE_ERROR_UNSUPPORTED (df).
  int32_t can_morph;
  /// Share of the source's channels that AMP's training mixed in, DeepFaceLab's morph_factor, 0...1; -1 where the file
  /// does not say, and in other families.
  float trained_morph;
  /// The kind says what runs return.
  liae_model_kind kind;
  /// Channels of the outermost level of XSeg; 0 in other families.
  int32_t base_dims;
  /// Zero.
  int32_t reserved;
  /* 0.1 ends here; append below. */
};

/// Options of a context. liae_context_options_init() fills in defaults.
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
  /// Bytes of memory that the context may take, and with it each call that uses it, frames included; past it
  /// LIAE_ERROR_RESOURCE_LIMIT. 0: no limit.
  uint64_t memory_limit;
  /* 0.1 ends here; append below. */
};

/// Properties of a context.
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

/// Options of one run. liae_run_options_init() fills in defaults: the swap.
struct liae_run_options {
  /// sizeof(liae_run_options); set by liae_run_options_init().
  size_t struct_size;
  liae_mode mode;
  /// Morph factor of LIAE_MODE_MORPH, 0...1: 0 is LIAE_MODE_RECONSTRUCT_DESTINATION, 1 the swap. Not read in other
  /// modes.
  float morph;
  /* 0.1 ends here; append below. */
};

/// Time of one step of the network.
struct liae_timing {
  /// sizeof(liae_timing); set by liae_timing_init().
  size_t struct_size;
  /// The step's name; the library's, valid until the context is freed.
  const char *name;
  /// Name of the step's algorithm; the library's, valid until the context is freed.
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
  /// The instruction set in use: "avx512", "avx2" or "baseline"; on arm64 "neon" or "baseline". Static.
  const char *isa;
  /// Features of processor and system, a word each with blanks between, lowest first. Static.
  const char *detected;
  /// Processors that this process may use.
  int32_t processors;
  /// Zero.
  int32_t reserved;
  /* 0.1 ends here; append below. */
};

/// A face of a frame. liae_face_init() fills in an empty one.
struct liae_face {
  /// sizeof(liae_face); set by liae_face_init().
  size_t struct_size;
  /// x, y of each landmark in pixels of the frame; the first pixel's centre is (0, 0). The caller's.
  const float *landmarks;
  /// Points: 68 in iBUG's order; or 5, left eye, right eye, tip of the nose, left and right corner of the mouth, as seen
  /// in the picture.
  size_t landmark_count;
  /// The model that swaps it, and the threads that composite it. Only liae_frame_composite() may do without.
  liae_context *context;
  /// State of the face in a sequence of frames: averages the face's mask and colours over them. One face a call; NULL:
  /// none.
  liae_smoothing *smoothing;
  /// Mask of LIAE_MASK_MODE_GIVEN: of the frame's size. The caller's; NULL: none.
  const liae_image *frame_mask;
  /// XSeg's mask of the swapped face: a square of any side over the part of the frame that the model sees; NULL: none.
  const liae_image *xseg_mask;
  /// XSeg's mask of the destination face, likewise.
  const liae_image *xseg_dst_mask;
  /// liae_frame_composite() only: the face as liae_context_run() gave it, square. Where rgb_side is less than mask_side,
  /// the context tells: the face is extended by its outermost pixels.
  const liae_image *rgb;
  /// liae_frame_composite() only: its mask, as large as the face; NULL where the mask mode does not need it.
  const liae_image *mask;
  /// liae_frame_composite() only: the mask of the destination face, likewise.
  const liae_image *dst_mask;
  /// liae_frame_composite() only: the face enlarged 4 times, where super_resolution is not 0.
  const liae_image *enhanced;
  liae_face_type face_type;
  /// Motion of the face from the frame before to the frame after, pixels of a full face of 256 pixels; for motion blur.
  float motion_power;
  /// Direction of that movement, degrees counter-clockwise.
  float motion_degrees;
  /// Zero.
  int32_t reserved;
  /// A context of a model of LIAE_MODEL_KIND_SEGMENT computes XSeg's masks that the mask mode needs and that are NULL, as
  /// DeepFaceLab's merger does. Several faces may share it; NULL: none.
  liae_context *xseg_context;
  /* 0.1 ends here; append below. */
};

/// Options of compositing faces into a frame. liae_composite_options_init() fills in defaults, DeepFaceLab's.
struct liae_composite_options {
  /// sizeof(liae_composite_options); set by liae_composite_options_init().
  size_t struct_size;
  /// Seed of the random colour transfers: IDT, IDT_M, SOT_M, MIX_M.
  uint64_t seed;
  /// LIAE_BLEND_RAW_PREDICT, a face without a frame, is what liae_context_run() gives, and refused here.
  liae_blend blend;
  liae_mask_mode mask_mode;
  /// Pixels of the mask at 4 times the face's resolution; negative dilates. -400...400.
  int32_t erode;
  /// Kernel of a Gaussian blur in the same pixels. 0...400.
  int32_t blur;
  /// Enlargement of the face, per cent. -50...50.
  int32_t face_scale;
  liae_color_transfer color_transfer;
  /// 0: histograms of all pixels, else of the masked ones.
  int32_t masked_histogram;
  /// 0...255.
  int32_t histogram_threshold;
  liae_sharpening sharpening;
  /// Negative blurs. -100...100.
  int32_t sharpen_amount;
  /// 0...100, of the movement in liae_face.
  int32_t motion_blur;
  /// Share of liae_face.enhanced. 0...100.
  int32_t super_resolution;
  /// Median filtering of the whole frame. 0...500.
  int32_t denoise;
  /// Bicubic degrading of the whole frame. 0...100.
  int32_t bicubic_degrade;
  /// Colour degrading of the whole frame. 0...100.
  int32_t color_degrade;
  /// Zero.
  int32_t reserved;
  /// Ends the call with LIAE_ERROR_CANCELLED, soon, once another thread has set it to anything but 0 with an atomic store;
  /// liae_context_cancel() does the same where a context takes part. The caller's, valid for the call; NULL: none.
  const int32_t *cancel;
  /* 0.1 ends here; append below. */
};

/// Options of smoothing a face of a sequence. liae_smoothing_options_init() fills in defaults.
struct liae_smoothing_options {
  /// sizeof(liae_smoothing_options); set by liae_smoothing_options_init().
  size_t struct_size;
  /// Cutoff of the landmarks' filter: Hz that pass at rest, above 0; less is steadier.
  float cutoff;
  /// Slope of the landmarks' filter: Hz by which that rises for a speed of one face width a second, 0 or more; more
  /// lags less.
  float slope;
  /// Weight of the newest mask in the average, above 0 and up to 1; 1: as it is.
  float mask_rate;
  /// Likewise of the statistics of LIAE_COLOR_TRANSFER_RCT, _LCT, _MKL and _MKL_M.
  float color_rate;
  /* 0.1 ends here; append below. */
};

/// Direction in which a head looks.
struct liae_pose {
  /// Radians, as DeepFaceLab has them; each within -pi/2...pi/2.
  float pitch;
  float yaw;
  float roll;
  /// The cheaper estimate of yaw that head alignment uses, in sides of the face's template.
  float averaged_yaw;
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

/// Returns the error message of the thread's last call: names the file, the tensor, what was found and what was
/// expected.
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

/// Sets how much memory any one call may take at a time, with its images and buffers; past it the call ends with
/// LIAE_ERROR_RESOURCE_LIMIT before it takes more. For contexts and models there are limits of their own in their options.
///
/// @param[in] bytes  0: no limit, as at first
/// @return LIAE_OK.
/// Threads: any; calls that are under way keep the limit they began with. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_memory_set_limit(uint64_t bytes);

/// Fills in an empty liae_cpu.
///
/// @param[out] cpu          zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_cpu)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when cpu is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_cpu_init(liae_cpu *cpu, size_t struct_size);

/// Returns the instruction set that the library uses on this processor. The environment variable LIAE_ISA can only
/// lower it.
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

/// Properties of a model.
///
/// @param[in]     model  a live handle
/// @param[in,out] info   made by liae_model_info_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when info is NULL,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Ownership: the texts are the library's, valid until liae_model_free() of this handle.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_model_get_info(liae_model *model, liae_model_info *info);

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
LIAE_API LIAE_NODISCARD liae_status liae_model_save_packed(liae_model *model, const char *path);

/// Ends the calls of liae_model_save_packed() that are under way with LIAE_ERROR_CANCELLED, soon; the file stays as it was.
/// One that starts later is not affected. liae_model_open() has a flag in its options for this, contexts have
/// liae_context_cancel().
///
/// @param[in] model  a live handle
/// @return LIAE_OK, also when nothing is saved; LIAE_ERROR_INVALID_HANDLE.
/// Threads: any. It does not wait for the calls to end. Since: 0.1.
LIAE_API liae_status liae_model_cancel(liae_model *model);

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
///   LIAE_ERROR_OUT_OF_MEMORY, LIAE_ERROR_THREAD_FAILURE, LIAE_ERROR_RESOURCE_LIMIT.
/// Ownership: options are copied; the user data in them is kept until the context is gone.
/// Threads: any. One context is for one thread at a time; make one for each. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_create(liae_model *model, const liae_context_options *options,
    liae_context **context);

/// Properties of a context.
///
/// @param[in]     context  a live handle
/// @param[in,out] info     made by liae_context_info_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_INVALID_ARGUMENT when info is NULL,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any, also during a run. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_context_get_info(liae_context *context, liae_context_info *info);

/// Returns the number of steps that the last run which succeeded was timed in; ask for each with
/// liae_context_get_timing().
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

/* ---- Geometry of faces ------------------------------------------------------------------------------------------- */

/// The transform from a frame to an aligned face.
///
/// Use it to crop with liae_image_warp(), and liae_points_transform() for landmarks; liae_frame_align() does both for a
/// model. Source: DeepFaceLab's get_transform_mat; docs/frames.md.
/// @param[in]  landmarks  x, y of each point in pixels of the frame
/// @param[in]  count      points: 68 in iBUG's order; or 5, left eye, right eye, tip of the nose, left and right corner of
///   the mouth, as seen in the picture
/// @param[in]  face_type  any but LIAE_FACE_TYPE_AUTOMATIC
/// @param[in]  size       side of the aligned face in pixels, 1...16384
/// @param[in]  scale      1; a larger one shows less around the face, 0.01...100
/// @param[out] matrix     6 values: x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5]; unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT for NULL, another count, values out of range, points that are not finite
///   or lie on a line.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_face_transform(const float *landmarks, size_t count,
    liae_face_type face_type, int32_t size, double scale, double *matrix);

/// Points through a transform, or back.
///
/// @param[in]  matrix   6 values, as liae_face_transform() gives
/// @param[in]  inverse  0: from the frame to the face; else back
/// @param[in]  points   x, y of each
/// @param[in]  count    points, 0...65536
/// @param[out] result   as many; may be points
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT for NULL, a matrix that is not finite or, with inverse, cannot be inverted.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_points_transform(const double *matrix, int32_t inverse, const float *points,
    size_t count, float *result);

/// The part of an image that a transform cuts out: an aligned face out of a frame. Black where the image ends.
///
/// @param[in]  image          any format; float values finite
/// @param[in]  matrix         6 values, from the image to the result, as liae_face_transform() gives
/// @param[in]  interpolation  LIAE_INTERPOLATION_CUBIC as faces are merged, LIAE_INTERPOLATION_LINEAR as they are extracted
/// @param[out] result         describes the caller's square pixels, any format; unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT for NULL, descriptions that cannot be, a result that is no square, a matrix
///   without inverse, no part of the image in the result; LIAE_ERROR_OUT_OF_MEMORY,
///   LIAE_ERROR_RESOURCE_LIMIT.
/// Ownership: all memory is the caller's, borrowed for the call; the two MUST NOT overlap.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_image_warp(const liae_image *image, const double *matrix,
    liae_interpolation interpolation, const liae_image *result);

/// A mask from landmarks: as large as the image that they are in, 0 or 1 for the hull, soft edges for eyes and mouth.
///
/// @param[in]  landmarks          x, y of each point in pixels of the image
/// @param[in]  count              68
/// @param[in]  kind               LIAE_MASK_KIND_HULL, LIAE_MASK_KIND_EYES or LIAE_MASK_KIND_MOUTH
/// @param[in]  eyebrow_expansion  how far the hull goes above the eyebrows: 1 as DeepFaceLab, 0 not at all; 0...4
/// @param[out] mask               describes the caller's pixels, any format and size, for eyes and mouth at least 32 rows;
///   unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT; LIAE_ERROR_UNSUPPORTED for 5 points; LIAE_ERROR_OUT_OF_MEMORY,
///   LIAE_ERROR_RESOURCE_LIMIT.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_landmark_mask(const float *landmarks, size_t count, liae_mask_kind kind,
    float eyebrow_expansion, const liae_image *mask);

/// Estimates the direction in which a head looks.
///
/// @param[in]  landmarks  x, y of each point in pixels of the frame
/// @param[in]  count      68
/// @param[out] pose       pitch, yaw and roll in radians; unchanged on failure
/// @return LIAE_OK; LIAE_ERROR_INVALID_ARGUMENT; LIAE_ERROR_UNSUPPORTED for 5 points.
/// Ownership: all memory is the caller's, borrowed for the call.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_face_pose(const float *landmarks, size_t count, liae_pose *pose);

/* ---- Faces in frames --------------------------------------------------------------------------------------------- */

/// Fills in an empty face.
///
/// @param[out] face         zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_face)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when face is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_face_init(liae_face *face, size_t struct_size);

/// Fills in default options, DeepFaceLab's: overlay, the product of the learned masks, rct.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_composite_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_composite_options_init(liae_composite_options *options, size_t struct_size);

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
LIAE_API LIAE_NODISCARD liae_status liae_frame_swap(liae_context *context, const liae_image *frame,
    const float *landmarks, size_t count, const liae_composite_options *options, const liae_image *result);

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
LIAE_API LIAE_NODISCARD liae_status liae_frame_swap_faces(const liae_image *frame, const liae_face *faces,
    size_t face_count, const liae_composite_options *options, const liae_run_options *run_options,
    const liae_image *result, const liae_image *mask);

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
LIAE_API LIAE_NODISCARD liae_status liae_frame_align(liae_context *context, const liae_image *frame,
    const float *landmarks, size_t count, liae_face_type face_type, const liae_composite_options *options,
    const liae_image *face, double *matrix);

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
LIAE_API LIAE_NODISCARD liae_status liae_frame_composite(const liae_image *frame, const liae_face *faces,
    size_t face_count, const liae_composite_options *options, const liae_image *result, const liae_image *mask);

/* ---- Sequences of frames ----------------------------------------------------------------------------------------- */

/// Fills in default options: landmarks are steadied, masks and colours are as they are.
///
/// @param[out] options      zeroed, given its struct_size and defaults
/// @param[in]  struct_size  sizeof(liae_smoothing_options)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when options is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_smoothing_options_init(liae_smoothing_options *options, size_t struct_size);

/// Begins a sequence of frames of one face.
///
/// Steady its landmarks with liae_smoothing_landmarks() before you align or swap it, and name it in liae_face, so that its
/// mask and its colours are averaged too.
/// @param[in]  options    made by liae_smoothing_options_init(); NULL: the defaults
/// @param[out] smoothing  the handle, to be given to liae_smoothing_free(); NULL on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT for NULL or options out of range, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Ownership: options are copied.
/// Threads: any. One smoothing is for one face, its frames in order. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_smoothing_create(const liae_smoothing_options *options,
    liae_smoothing **smoothing);

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
LIAE_API LIAE_NODISCARD liae_status liae_smoothing_landmarks(liae_smoothing *smoothing, const float *landmarks,
    size_t count, double seconds, float *result);

/// Begins the sequence anew: the next frame is another scene.
///
/// @param[in] smoothing  a live handle
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE, LIAE_ERROR_BUSY.
/// Threads: one at a time for each smoothing. Since: 0.1.
LIAE_API LIAE_NODISCARD liae_status liae_smoothing_reset(liae_smoothing *smoothing);

/// Ends the handle. A call that uses it goes on to its end.
///
/// @param[in] smoothing  a live handle; NULL does nothing
/// @return LIAE_OK, LIAE_ERROR_INVALID_HANDLE for one that is freed already.
/// Threads: any. Since: 0.1.
LIAE_API liae_status liae_smoothing_free(liae_smoothing *smoothing);

#ifdef __cplusplus
}
#endif

#endif
