// SPDX-License-Identifier: Apache-2.0
// misuse MODEL FILE: everything that a caller can do wrong gives a status and leaves the library usable. FILE is a
// checkpoint of one file.
#include "check.h"

#include <math.h>
#include <setjmp.h>

static void handles(fixture *f) {
  liae_model *model = NULL;
  liae_context *context = NULL, *other = NULL;
  size_t count;
  int local = 0;
  OK(liae_model_free(NULL));
  OK(liae_context_free(NULL));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_model_get_info(NULL, &f->info));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_create(NULL, NULL, &context));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_run(NULL, NULL, &f->face, &f->rgb, NULL, NULL));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_cancel(NULL));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_get_timing_count(NULL, &count));

  // Foreign: addresses of ours, small numbers, a context where a model belongs.
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_model_get_info((liae_model *)(void *)&local, &f->info));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_model_free((liae_model *)(void *)f->pixels[0]));
  for (uintptr_t i = 1; i < 64; i++) EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_free((liae_context *)i));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_cancel((liae_context *)UINTPTR_MAX));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_model_free((liae_model *)(void *)f->context));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_run((liae_context *)(void *)f->model, NULL, &f->face, &f->rgb, NULL, NULL));

  // Freed: also when the slot has a new owner.
  OK(liae_context_create(f->model, NULL, &context));
  OK(liae_context_free(context));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_free(context));
  OK(liae_context_create(f->model, NULL, &other));
  CHECK(other != context);
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_run(context, NULL, &f->face, &f->rgb, NULL, NULL));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_free(context));
  OK(liae_context_free(other));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_create(f->model, NULL, NULL));
  CHECK(model == NULL);
}

static void structs(fixture *f) {
  liae_run_options options;
  liae_context_options context_options;
  liae_context *context = NULL;
  struct {
    liae_run_options known;
    unsigned char newer[16];
  } newer;
  struct {
    liae_model_info known;
    unsigned char newer[16];
  } info;
  const size_t wrong[] = {0, 1, 8, sizeof options - 1, 4097, (size_t)1 << 40, SIZE_MAX};

  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_run_options_init(NULL, sizeof options));
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    EXPECT(LIAE_ERROR_INVALID_STRUCT_SIZE, liae_run_options_init(&options, wrong[i]));
    OK(liae_run_options_init(&options, sizeof options));
    options.struct_size = wrong[i];
    EXPECT(LIAE_ERROR_INVALID_STRUCT_SIZE, liae_context_run(f->context, &options, &f->face, &f->rgb, NULL, NULL));
  }
  // A caller that is newer than the library: what the library does not know is zeroed by init, and not read.
  memset(&newer, 0xaa, sizeof newer);
  OK(liae_run_options_init(&newer.known, sizeof newer));
  CHECK(newer.known.struct_size == sizeof newer && newer.newer[0] == 0 && newer.newer[15] == 0);
  OK(liae_context_run(f->context, &newer.known, &f->face, &f->rgb, NULL, NULL));
  memset(&info, 0xaa, sizeof info);
  info.known.struct_size = sizeof info;
  OK(liae_model_get_info(f->model, &info.known));
  CHECK(info.known.struct_size == sizeof info && info.newer[0] == 0xaa);
  CHECK(info.known.d_mask_dims == f->info.d_mask_dims);
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_get_info(f->model, NULL));

  OK(liae_run_options_init(&options, sizeof options));
  options.mode = 5;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run(f->context, &options, &f->face, &f->rgb, NULL, NULL));
  options.mode = LIAE_MODE_MORPH;
  const float morphs[] = {-0.001f, 1.001f, NAN, INFINITY};
  for (int i = 0; i < 4; i++) {
    options.morph = morphs[i];
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run(f->context, &options, &f->face, &f->rgb, NULL, NULL));
  }
  OK(liae_context_options_init(&context_options, sizeof context_options));
  const int32_t threads[] = {-1, 65, INT32_MIN, INT32_MAX};
  for (int i = 0; i < 4; i++) {
    context_options.threads = threads[i];
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_create(f->model, &context_options, &context));
  }
  context_options.threads = 1;
  context_options.max_batch = 0;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_create(f->model, &context_options, &context));
  CHECK(context == NULL);
}

static void images(fixture *f) {
  const liae_context *unused = f->context;
  liae_image image;
  (void)unused;
#define WRONG(of, change)                                                                                  \
  do {                                                                                                     \
    liae_image face = f->face, rgb = f->rgb, mask = f->mask, dst_mask = f->dst_mask;                       \
    image = of;                                                                                            \
    change;                                                                                                \
    of = image;                                                                                            \
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run(f->context, NULL, &face, &rgb, &mask, &dst_mask)); \
  } while (0)
#define WRONG_ANYWHERE(change) \
  WRONG(face, change);         \
  WRONG(rgb, change);          \
  WRONG(mask, change);         \
  WRONG(dst_mask, change)
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run(f->context, NULL, NULL, &f->rgb, NULL, NULL));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run(f->context, NULL, &f->face, NULL, NULL, NULL));
  WRONG_ANYWHERE(image.pixels = NULL);
  WRONG_ANYWHERE(image.width--);
  WRONG_ANYWHERE(image.height++);
  WRONG_ANYWHERE(image.width = -image.width);
  WRONG_ANYWHERE(image.height = 0);
  WRONG_ANYWHERE(image.width = INT32_MAX);
  WRONG_ANYWHERE(image.height = INT32_MIN);
  WRONG_ANYWHERE(image.stride -= 4);
  WRONG_ANYWHERE(image.stride = 0);
  WRONG_ANYWHERE(image.stride = SIZE_MAX);
  WRONG_ANYWHERE(image.stride += 1);
  WRONG_ANYWHERE(image.reserved = 1);
  WRONG_ANYWHERE(image.format = 0);
  WRONG_ANYWHERE(image.format = 11);
  WRONG_ANYWHERE(image.format = -1);
  WRONG_ANYWHERE(image.pixels = (char *)image.pixels + 1);

  // Pixels that are not numbers.
  const float values[] = {NAN, -NAN, INFINITY, -INFINITY};
  const int last = f->info.resolution * f->info.resolution * 3 - 1;
  for (int i = 0; i < 4; i++) {
    const float before = f->pixels[0][last];
    f->pixels[0][last] = values[i];
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run(f->context, NULL, &f->face, &f->rgb, NULL, NULL));
    f->pixels[0][last] = before;
  }
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run_batch(f->context, NULL, 0, &f->face, &f->rgb, NULL, NULL));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT,
         liae_context_run_batch(f->context, NULL, SIZE_MAX, &f->face, &f->rgb, NULL, NULL));
}

static void tensors(fixture *f) {
  const size_t rgb_count = (size_t)f->info.rgb_side * (size_t)f->info.rgb_side * 3;
  const liae_tensor face = {f->pixels[0], (size_t)f->info.resolution * (size_t)f->info.resolution * 3};
  const liae_tensor rgb = {f->pixels[1], rgb_count};
  OK(liae_context_run_tensors(f->context, NULL, &face, &rgb, NULL, NULL));
  const liae_tensor wrong_faces[] = {{NULL, face.count},           {face.data, face.count - 1}, {face.data, 0},
                                     {face.data, SIZE_MAX},        {face.data, face.count / 2}, {face.data, face.count * 2},
                                     {(char *)face.data + 2, face.count}};
  for (size_t i = 0; i < sizeof wrong_faces / sizeof wrong_faces[0]; i++)
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run_tensors(f->context, NULL, &wrong_faces[i], &rgb, NULL, NULL));
  const liae_tensor wrong_rgbs[] = {{NULL, rgb_count}, {rgb.data, rgb_count + 1}, {rgb.data, 0}, {rgb.data, SIZE_MAX}};
  for (size_t i = 0; i < sizeof wrong_rgbs / sizeof wrong_rgbs[0]; i++)
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run_tensors(f->context, NULL, &face, &wrong_rgbs[i], NULL, NULL));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_context_run_tensors(f->context, NULL, NULL, &rgb, NULL, NULL));
}

static void files(const char *path) {
  liae_model_options options;
  liae_model *model = NULL;
  long size = 0;
  unsigned char *data = NULL;
  FILE *file = fopen(path, "rb");
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(NULL, NULL, &model));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(path, NULL, NULL));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open("\xff\xfe", NULL, &model));
  EXPECT(LIAE_ERROR_FILE_NOT_FOUND, liae_model_open("", NULL, &model));
  CHECK(liae_model_open("/", NULL, &model) != LIAE_OK && model == NULL);

  OK(liae_model_options_init(&options, sizeof options));
  options.architecture = "liae-udtx";
  EXPECT(LIAE_ERROR_UNKNOWN_ARCHITECTURE, liae_model_open(path, &options, &model));
  options.architecture = "\xc0";
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(path, &options, &model));
  options.architecture = NULL;
  options.color_order = 3;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(path, &options, &model));
  options.color_order = LIAE_COLOR_ORDER_RGB;
  options.memory = 3;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(path, &options, &model));
  options.memory = LIAE_MEMORY_SPEED;
  options.face_type = 8;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(path, &options, &model));
  options.face_type = LIAE_FACE_TYPE_FULL_NO_ALIGN;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(path, &options, &model));
  options.face_type = LIAE_FACE_TYPE_AUTOMATIC;
  options.convolution = 77;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open(path, &options, &model));

  CHECK(file != NULL);
  if (!file) return;
  fseek(file, 0, SEEK_END);
  size = ftell(file);
  rewind(file);
  data = malloc((size_t)size);
  CHECK(fread(data, 1, (size_t)size, file) == (size_t)size);
  fclose(file);
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open_memory(NULL, 10, NULL, &model));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_model_open_memory(data, SIZE_MAX, NULL, &model));
  CHECK(liae_model_open_memory(data, 0, NULL, &model) != LIAE_OK && model == NULL);
  CHECK(liae_model_open_memory(data, (size_t)size / 2, NULL, &model) != LIAE_OK && model == NULL);
  OK(liae_model_open_memory(data, (size_t)size, NULL, &model));
  // The bytes are not needed any more.
  memset(data, 0, (size_t)size);
  free(data);
  {
    liae_model_info info;
    OK(liae_model_info_init(&info, sizeof info));
    OK(liae_model_get_info(model, &info));
    CHECK(info.resolution > 0);
    OK(liae_model_free(model));
    // What a file does not say or says otherwise the caller may say.
    OK(liae_model_options_init(&options, sizeof options));
    CHECK(options.face_type == LIAE_FACE_TYPE_AUTOMATIC);
    options.face_type = LIAE_FACE_TYPE_HEAD;
    OK(liae_model_open(path, &options, &model));
    OK(liae_model_get_info(model, &info));
    CHECK(strcmp(info.face_type, "head") == 0);
  }
  OK(liae_model_free(model));
}

/// Cancels what is no context, which leaves a message on the thread that runs.
static void cancel_nothing(void *user_data, float share) {
  (void)user_data;
  (void)share;
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_context_cancel(NULL));
}

static int logged;
static char last_logged[1024];

/// Calls the library although it must not, in a way that fails.
static void call_back(void *user_data, liae_log_level level, const char *message) {
  liae_model *model = NULL;
  (void)user_data;
  (void)level;
  logged++;
  snprintf(last_logged, sizeof last_logged, "%s", message);
  EXPECT(LIAE_ERROR_FILE_NOT_FOUND, liae_model_open("/from the callback", NULL, &model));
}

static jmp_buf before_the_run;
static void jump(void *user_data, float share) {
  (void)user_data;
  if (share < 1) longjmp(before_the_run, 1);
}

static void callbacks(const fixture *f) {
  liae_context_options options;
  liae_context *context = NULL;
  OK(liae_context_options_init(&options, sizeof options));
  options.progress = cancel_nothing;
  OK(liae_context_create(f->model, &options, &context));
  OK(liae_context_run(context, NULL, &f->face, &f->rgb, NULL, NULL));
  OK(liae_context_free(context));

  // A callback that makes errors of its own is not called for them, and the message of the call stays.
  liae_model *model = NULL;
  liae_log_set_callback(call_back, NULL);
  EXPECT(LIAE_ERROR_FILE_NOT_FOUND, liae_model_open("/of the call", NULL, &model));
  CHECK(logged == 1 && strstr(last_logged, "/of the call") != NULL);
  CHECK(strstr(liae_last_error(), "/of the call") != NULL);
  liae_log_set_callback(NULL, NULL);

  // A jump out of a run costs its context, and nothing else.
  static liae_context *left;
  options.progress = jump;
  options.threads = 1;
  OK(liae_context_create(f->model, &options, &left));
  if (!setjmp(before_the_run)) {
    // It does not return.
    EXPECT(-1, liae_context_run(left, NULL, &f->face, &f->rgb, NULL, NULL));
  } else {
    EXPECT(LIAE_ERROR_BUSY, liae_context_run(left, NULL, &f->face, &f->rgb, NULL, NULL));
    OK(liae_context_run(f->context, NULL, &f->face, &f->rgb, NULL, NULL));
    OK(liae_context_free(left));
  }
}

int main(int argc, char **argv) {
  fixture f;
  if (argc != 3) return 2;
  open_fixture(&f, argv[1], NULL);
  handles(&f);
  structs(&f);
  images(&f);
  tensors(&f);
  files(argv[2]);
  callbacks(&f);
  // After all that it still works.
  OK(liae_context_run(f.context, NULL, &f.face, &f.rgb, &f.mask, &f.dst_mask));
  close_fixture(&f);
  return finish();
}
