// SPDX-License-Identifier: Apache-2.0
// liae.h for C++17: handles that free themselves, errors as exceptions, faces in frames, batches and sequences.
// Header only. It adds nothing that liae.h cannot do; see there for shapes, ranges and threads.
#pragma once

#include <liae.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace liae {

/// A call that failed: its status, and the library's message.
class Error : public std::runtime_error {
 public:
  explicit Error(liae_status status)
      : std::runtime_error(std::string(liae_status_string(status)) + ": " + liae_last_error()), status(status) {}
  const liae_status status;
};

/// Throws Error unless the status is LIAE_OK.
inline void check(liae_status status) {
  if (status != LIAE_OK) throw Error(status);
}

/// A struct of liae.h with its defaults: `auto options = liae::made(liae_run_options_init);`
template <class Struct>
Struct made(liae_status (*init)(Struct *, size_t)) {
  Struct result;
  check(init(&result, sizeof result));
  return result;
}

/// Describes pixels without gaps between the rows, read or written in place: 8-bit RGB, BGR, RGBA, gray.
inline liae_image image(void *pixels, int width, int height, liae_pixel_format format, int bytes_per_pixel) {
  return {pixels, width, height, static_cast<size_t>(width) * static_cast<size_t>(bytes_per_pixel), format, 0};
}
inline liae_image rgb8(void *pixels, int width, int height) {
  return image(pixels, width, height, LIAE_PIXEL_FORMAT_RGB8, 3);
}
inline liae_image bgr8(void *pixels, int width, int height) {
  return image(pixels, width, height, LIAE_PIXEL_FORMAT_BGR8, 3);
}
inline liae_image rgba8(void *pixels, int width, int height) {
  return image(pixels, width, height, LIAE_PIXEL_FORMAT_RGBA8, 4);
}
inline liae_image gray8(void *pixels, int width, int height) {
  return image(pixels, width, height, LIAE_PIXEL_FORMAT_GRAY8, 1);
}

/// x, y of 68 or 5 points, in pixels of the frame.
using Landmarks = std::vector<float>;

/// A checkpoint ready to run. Copies share it, and any number of threads may use it.
class Model {
 public:
  /// Opens a file or folder of any kind that liae_model_open() takes.
  explicit Model(const std::string &path, const liae_model_options *options = nullptr) {
    liae_model *handle = nullptr;
    check(liae_model_open(path.c_str(), options, &handle));
    own(handle);
  }
  /// Opens a checkpoint of one file that stands in memory.
  Model(const void *data, size_t size, const liae_model_options *options = nullptr) {
    liae_model *handle = nullptr;
    check(liae_model_open_memory(data, size, options, &handle));
    own(handle);
  }
  /// Its texts live as long as the model.
  liae_model_info info() const {
    auto info = made(liae_model_info_init);
    check(liae_model_get_info(get(), &info));
    return info;
  }
  void save_packed(const std::string &path) const { check(liae_model_save_packed(get(), path.c_str())); }
  liae_model *get() const { return handle_.get(); }

 private:
  void own(liae_model *handle) {
    handle_.reset(handle, [](liae_model *h) { (void)liae_model_free(h); });
  }
  std::shared_ptr<liae_model> handle_;
};

/// The workspace of one run at a time; one for each thread.
class Context {
 public:
  explicit Context(const Model &model, const liae_context_options *options = nullptr) {
    liae_context *handle = nullptr;
    check(liae_context_create(model.get(), options, &handle));
    handle_.reset(handle);
  }
  /// Runs the network on one face. An output that is null is not computed.
  void run(const liae_image &face, const liae_image *rgb, const liae_image *mask = nullptr,
           const liae_image *dst_mask = nullptr, const liae_run_options *options = nullptr) {
    check(liae_context_run(get(), options, &face, rgb, mask, dst_mask));
  }
  /// Runs it on several faces. An output that is empty is not computed; any other has one image for each face.
  void run(const std::vector<liae_image> &faces, const std::vector<liae_image> &rgb,
           const std::vector<liae_image> &mask = {}, const std::vector<liae_image> &dst_mask = {},
           const liae_run_options *options = nullptr) {
    for (const auto *output : {&rgb, &mask, &dst_mask})
      if (!output->empty() && output->size() != faces.size())
        throw std::invalid_argument("liae: an output needs one image for each face");
    auto data = [](const std::vector<liae_image> &images) { return images.empty() ? nullptr : images.data(); };
    check(liae_context_run_batch(get(), options, faces.size(), data(faces), data(rgb), data(mask), data(dst_mask)));
  }
  /// The mask of a face by a model of LIAE_MODEL_KIND_SEGMENT.
  void segment(const liae_image &face, const liae_image &mask) { run(face, nullptr, &mask); }
  /// Swaps one face of a frame; `result` may be the frame itself.
  void swap(const liae_image &frame, const Landmarks &landmarks, const liae_image &result,
            const liae_composite_options *options = nullptr) {
    check(liae_frame_swap(get(), &frame, landmarks.data(), landmarks.size() / 2, options, &result));
  }
  /// Cuts a face out of a frame as the model takes it.
  ///
  /// Returns the transform from the frame to the face, 6 values.
  std::array<double, 6> align(const liae_image &frame, const Landmarks &landmarks, const liae_image &face,
                              liae_face_type type = LIAE_FACE_TYPE_AUTOMATIC,
                              const liae_composite_options *options = nullptr) {
    std::array<double, 6> matrix{};
    check(liae_frame_align(get(), &frame, landmarks.data(), landmarks.size() / 2, type, options, &face, matrix.data()));
    return matrix;
  }
  /// Ends the call that is under way with LIAE_ERROR_CANCELLED. From any thread.
  void cancel() { check(liae_context_cancel(get())); }
  liae_context *get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(liae_context *h) const { (void)liae_context_free(h); }
  };
  std::unique_ptr<liae_context, Free> handle_;
};

/// State of one face from frame to frame, which keeps it from flickering. One thread at a time.
class Smoothing {
 public:
  explicit Smoothing(const liae_smoothing_options *options = nullptr) {
    liae_smoothing *handle = nullptr;
    check(liae_smoothing_create(options, &handle));
    handle_.reset(handle);
  }
  /// The landmarks of the next frame, steadied; `seconds` since the frame before.
  Landmarks landmarks(const Landmarks &found, double seconds) {
    Landmarks result(found.size());
    check(liae_smoothing_landmarks(get(), found.data(), found.size() / 2, seconds, result.data()));
    return result;
  }
  /// Forgets the frames so far, as at a cut.
  void reset() { check(liae_smoothing_reset(get())); }
  liae_smoothing *get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(liae_smoothing *h) const { (void)liae_smoothing_free(h); }
  };
  std::unique_ptr<liae_smoothing, Free> handle_;
};

/// A face of a frame, for frames with several. Landmarks, contexts and smoothing must outlive its use.
inline liae_face face(const Context &context, const Landmarks &landmarks, Smoothing *smoothing = nullptr,
                      const Context *xseg = nullptr) {
  auto result = made(liae_face_init);
  result.landmarks = landmarks.data();
  result.landmark_count = landmarks.size() / 2;
  result.context = context.get();
  result.smoothing = smoothing ? smoothing->get() : nullptr;
  result.xseg_context = xseg ? xseg->get() : nullptr;
  return result;
}

/// Swaps all faces of a frame. `result`, which may be the frame itself, and `mask` may be null.
inline void swap_faces(const liae_image &frame, const std::vector<liae_face> &faces, const liae_image *result,
                       const liae_image *mask = nullptr, const liae_composite_options *options = nullptr,
                       const liae_run_options *run_options = nullptr) {
  check(liae_frame_swap_faces(&frame, faces.data(), faces.size(), options, run_options, result, mask));
}

/// Composites faces that were run before (liae_face.rgb and its masks).
inline void composite(const liae_image &frame, const std::vector<liae_face> &faces, const liae_image *result,
                      const liae_image *mask = nullptr, const liae_composite_options *options = nullptr) {
  check(liae_frame_composite(&frame, faces.data(), faces.size(), options, result, mask));
}

}  // namespace liae
