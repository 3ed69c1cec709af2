// SPDX-License-Identifier: Apache-2.0
// liae.h for C++: handles that free themselves, errors as exceptions. Copy it into your program. C++17.
#pragma once

#include <liae.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace liae {

class Error : public std::runtime_error {
 public:
  explicit Error(liae_status status)
      : std::runtime_error(std::string(liae_status_string(status)) + ": " + liae_last_error()), status(status) {}
  const liae_status status;
};

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

/// 8-bit RGB pixels without gaps between the rows, read or written in place.
inline liae_image rgb8(void *pixels, int width, int height) {
  return {pixels, width, height, static_cast<size_t>(width) * 3, LIAE_PIXEL_FORMAT_RGB8, 0};
}
inline liae_image gray8(void *pixels, int width, int height) {
  return {pixels, width, height, static_cast<size_t>(width), LIAE_PIXEL_FORMAT_GRAY8, 0};
}

/// A checkpoint ready to run; copies share it, and any number of threads may use it.
class Model {
 public:
  explicit Model(const std::string &path, const liae_model_options *options = nullptr) {
    liae_model *handle = nullptr;
    check(liae_model_open(path.c_str(), options, &handle));
    handle_.reset(handle, [](liae_model *h) { liae_model_free(h); });
  }
  /// Its texts live as long as the model.
  liae_model_info info() const {
    auto info = made(liae_model_info_init);
    check(liae_model_get_info(get(), &info));
    return info;
  }
  liae_model *get() const { return handle_.get(); }

 private:
  std::shared_ptr<liae_model> handle_;
};

/// The workspace of one run; one for each thread.
class Context {
 public:
  explicit Context(const Model &model, const liae_context_options *options = nullptr) {
    liae_context *handle = nullptr;
    check(liae_context_create(model.get(), options, &handle));
    handle_.reset(handle);
  }
  /// What is null is not wanted and not computed.
  void run(const liae_image &face, const liae_image *rgb, const liae_image *mask = nullptr,
           const liae_image *dst_mask = nullptr, const liae_run_options *options = nullptr) {
    check(liae_context_run(get(), options, &face, rgb, mask, dst_mask));
  }
  /// From any thread.
  void cancel() { check(liae_context_cancel(get())); }
  liae_context *get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(liae_context *h) const { liae_context_free(h); }
  };
  std::unique_ptr<liae_context, Free> handle_;
};

}  // namespace liae
