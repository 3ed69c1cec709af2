// SPDX-License-Identifier: Apache-2.0
// failures MODEL FOLDER STEP, with fail_calls.so preloaded: each call of the library with each allocation, then each file
// operation, failed in turn; once, then from then on. Every STEP-th is tried (1: all). A failed call returns a status with a
// message, and afterwards the same call gives what it gave before, with no more memory in use.
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <unistd.h>

static void (*fail)(int, long, int);
static long (*seen)(void);
static long (*alive)(void);

static const char *model_path;
static char packed_path[512], saved_path[512];
static fixture f;
enum { WIDTH = 272, HEIGHT = 204 };
static unsigned char frame[WIDTH * HEIGHT * 3], result[WIDTH * HEIGHT * 3];
static unsigned char cut[256 * 256 * 3];
static float landmarks[136];
static float mask[WIDTH * HEIGHT];
static liae_smoothing *smoothing;

static liae_status open_at(const char *path) {
  liae_model *model = NULL;
  liae_status status = liae_model_open(path, NULL, &model);
  if ((status == LIAE_OK) != (model != NULL)) return LIAE_ERROR_INTERNAL;
  return status ? status : liae_model_free(model);
}
static liae_status do_open(void) { return open_at(model_path); }
static liae_status do_open_packed(void) { return open_at(packed_path); }
static liae_status do_open_beside(void) {
  liae_model *model = NULL;
  liae_model_options options;
  if (liae_model_options_init(&options, sizeof options)) return LIAE_ERROR_INTERNAL;
  options.packed_path = saved_path;
  const liae_status status = liae_model_open(model_path, &options, &model);
  return status ? status : liae_model_free(model);
}
static liae_status do_save(void) { return liae_model_save_packed(f.model, saved_path); }
static liae_status do_context(void) {
  liae_context *context = NULL;
  liae_context_options options;
  if (liae_context_options_init(&options, sizeof options)) return LIAE_ERROR_INTERNAL;
  options.threads = 2;
  liae_status status = liae_context_create(f.model, &options, &context);
  if (status) return context ? LIAE_ERROR_INTERNAL : status;
  status = liae_context_run(context, NULL, &f.face, &f.rgb, &f.mask, NULL);
  return liae_context_free(context) ? LIAE_ERROR_INTERNAL : status;
}
static liae_status do_timings(void) {
  size_t count = 0;
  liae_timing timing;
  if (liae_timing_init(&timing, sizeof timing)) return LIAE_ERROR_INTERNAL;
  const liae_status status = liae_context_get_timing_count(f.context, &count);
  return status ? status : liae_context_get_timing(f.context, 0, &timing);
}
static liae_status swap(void (*set)(liae_composite_options *)) {
  liae_image from = byte_image(frame, WIDTH, HEIGHT, 3), to = byte_image(result, WIDTH, HEIGHT, 3);
  liae_composite_options options;
  if (liae_composite_options_init(&options, sizeof options)) return LIAE_ERROR_INTERNAL;
  if (set) set(&options);
  if (f.info.face_type[0]) return liae_frame_swap(f.context, &from, landmarks, 68, &options, &to);
  liae_face face;
  if (liae_face_init(&face, sizeof face)) return LIAE_ERROR_INTERNAL;
  face.landmarks = landmarks, face.landmark_count = 68, face.context = f.context, face.face_type = LIAE_FACE_TYPE_FULL;
  return liae_frame_swap_faces(&from, &face, 1, &options, NULL, &to, NULL);
}
static liae_status do_swap(void) { return swap(NULL); }
static void everything(liae_composite_options *o) {
  o->blend = LIAE_BLEND_SEAMLESS;
  o->color_transfer = LIAE_COLOR_TRANSFER_MIX_M;
  o->erode = 5, o->blur = 7, o->denoise = 2, o->color_degrade = 40, o->bicubic_degrade = 20, o->motion_blur = 50;
  o->sharpening = LIAE_SHARPENING_GAUSSIAN, o->sharpen_amount = 20;
}
static liae_status do_swap_everything(void) { return swap(everything); }
static void histogram(liae_composite_options *o) { o->blend = LIAE_BLEND_HISTOGRAM_MATCH; }
static liae_status do_swap_histogram(void) { return swap(histogram); }
static liae_status do_swap_faces(void) {
  liae_image from = byte_image(frame, WIDTH, HEIGHT, 3), to = byte_image(result, WIDTH, HEIGHT, 3);
  liae_image soft;
  memset(&soft, 0, sizeof soft);
  soft.pixels = mask, soft.width = WIDTH, soft.height = HEIGHT, soft.stride = WIDTH * 4;
  soft.format = LIAE_PIXEL_FORMAT_GRAY_FLOAT;
  liae_face faces[2];
  liae_status status = LIAE_OK;
  for (int i = 0; i < 2 && !status; i++) {
    status = liae_face_init(&faces[i], sizeof faces[i]);
    faces[i].landmarks = landmarks, faces[i].landmark_count = 68, faces[i].context = f.context;
    faces[i].face_type = LIAE_FACE_TYPE_FULL;
  }
  faces[0].smoothing = smoothing;
  if (!status) status = liae_frame_swap_faces(&from, faces, 2, NULL, NULL, &to, &soft);
  return status;
}
static liae_status do_smoothing(void) {
  liae_smoothing *fresh = NULL;
  const liae_status status = liae_smoothing_create(NULL, &fresh);
  return status ? status : liae_smoothing_free(fresh);
}
static liae_status do_align(void) {
  liae_image from = byte_image(frame, WIDTH, HEIGHT, 3);
  liae_image face = byte_image(cut, f.info.resolution, f.info.resolution, 3);
  return liae_frame_align(f.context, &from, landmarks, 68, LIAE_FACE_TYPE_FULL, NULL, &face, NULL);
}
static liae_status do_geometry(void) {
  double matrix[6];
  liae_image from = byte_image(frame, WIDTH, HEIGHT, 3), face = byte_image(cut, 128, 128, 3);
  liae_pose pose;
  liae_status status = liae_face_transform(landmarks, 68, LIAE_FACE_TYPE_WHOLE, 128, 1, matrix);
  if (!status) status = liae_image_warp(&from, matrix, LIAE_INTERPOLATION_CUBIC, &face);
  if (!status) status = liae_landmark_mask(landmarks, 68, LIAE_MASK_KIND_EYES, 1, &from);
  if (!status) status = liae_face_pose(landmarks, 68, &pose);
  return status;
}

static const struct {
  const char *name;
  liae_status (*call)(void);
  int reads_files;
} calls[] = {
    {"open", do_open, 1},
    {"open packed", do_open_packed, 1},
    {"open with packed beside", do_open_beside, 1},
    {"save packed", do_save, 1},
    {"create a context and run", do_context, 0},
    {"timings", do_timings, 0},
    {"swap", do_swap, 0},
    {"swap with every option", do_swap_everything, 0},
    {"swap with histograms", do_swap_histogram, 0},
    {"swap two faces", do_swap_faces, 0},
    {"create a smoothing", do_smoothing, 0},
    {"align", do_align, 0},
    {"geometry", do_geometry, 0},
};

static unsigned long hash(const unsigned char *bytes, size_t count) {
  unsigned long h = 14695981039346656037ul;
  for (size_t i = 0; i < count; i++) h = (h ^ bytes[i]) * 1099511628211ul;
  return h;
}
static unsigned long fingerprint(void) { return hash(result, sizeof result) ^ hash(cut, sizeof cut) * 31; }

static int is_expected(liae_status status, int kind) {
  switch (status) {
    case LIAE_OK: return 1;
    case LIAE_ERROR_OUT_OF_MEMORY:
    case LIAE_ERROR_THREAD_FAILURE: return kind == 1;
    // A file that cannot be read to its end contradicts its format.
    case LIAE_ERROR_INPUT_OUTPUT:
    case LIAE_ERROR_CORRUPT_FILE:
    case LIAE_ERROR_FILE_NOT_FOUND: return kind == 2;
    default: return 0;
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  *(void **)&fail = dlsym(RTLD_DEFAULT, "liae_test_fail");
  *(void **)&seen = dlsym(RTLD_DEFAULT, "liae_test_calls_seen");
  *(void **)&alive = dlsym(RTLD_DEFAULT, "liae_test_blocks_alive");
  if (!fail || !seen || !alive) {
    fprintf(stderr, "fail_calls.so is not preloaded\n");
    return 2;
  }
  model_path = argv[1];
  const long step = atol(argv[3]) > 0 ? atol(argv[3]) : 1;
  snprintf(packed_path, sizeof packed_path, "%s/packed.liaepack", argv[2]);
  snprintf(saved_path, sizeof saved_path, "%s/saved.liaepack", argv[2]);
  for (int i = 0; i < WIDTH * HEIGHT * 3; i++) frame[i] = (unsigned char)(i * 7919 % 251);
  for (int i = 0; i < 68; i++) {
    landmarks[2 * i] = 60 + 15 * (float)(i % 9) + (float)(i * 7 % 5);
    landmarks[2 * i + 1] = 40 + 14 * (float)(i / 9) + (float)(i * 3 % 4);
  }
  liae_context_options options;
  OK(liae_context_options_init(&options, sizeof options));
  options.threads = 1;
  open_fixture(&f, model_path, &options);
  OK(liae_model_save_packed(f.model, packed_path));
  OK(liae_smoothing_create(NULL, &smoothing));
  OK(liae_context_run(f.context, NULL, &f.face, &f.rgb, &f.mask, NULL));

  long failed = 0, refused = 0;
  for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
    for (int kind = 1; kind <= 2; kind++) {
      if (kind == 2 && !calls[c].reads_files) continue;
      for (int forever = 0; forever <= 1; forever++) {
        // Twice: what is made once stays.
        OK(calls[c].call());
        OK(calls[c].call());
        const unsigned long expected = fingerprint();
        const long blocks = alive();
        for (long n = 0;; n += kind == 1 ? step : 1) {
          if (getenv("LIAE_TEST_VERBOSE")) fprintf(stderr, "%s, %s %ld, forever %d\n", calls[c].name, kind == 1 ? "memory" : "file", n, forever);
          fail(kind, n, forever);
          const liae_status status = calls[c].call();
          const int reached = seen() > n;
          // The message is to be there while memory is short.
          const int has_message = liae_last_error()[0] != 0;
          fail(0, 0, 0);
          if (!reached) {
            CHECK(status == LIAE_OK);
            break;
          }
          failed++;
          refused += status != LIAE_OK;
          if (!is_expected(status, kind) || (status != LIAE_OK) != has_message) {
            failures++;
            fprintf(stderr, "%s, %s call %ld%s: %s \"%s\"\n", calls[c].name, kind == 1 ? "memory" : "file", n,
                    forever ? " and later ones" : "", liae_status_string(status), liae_last_error());
          }
        }
        OK(calls[c].call());
        if (fingerprint() != expected) {
          failures++;
          fprintf(stderr, "%s: another result after failures\n", calls[c].name);
        }
        OK(calls[c].call());
        const long left = alive() - blocks;
        checks++;
        // The library's caches may hold a little more, but not for each failure.
        if (left > 64) {
          failures++;
          fprintf(stderr, "%s, %s, forever %d: %ld blocks are left\n", calls[c].name, kind == 1 ? "memory" : "file", forever, left);
        }
      }
    }
  }
  OK(liae_smoothing_free(smoothing));
  close_fixture(&f);
  printf("%ld calls failed, %ld of them with an error\n", failed, refused);
  return finish();
}
