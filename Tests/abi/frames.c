// SPDX-License-Identifier: Apache-2.0
// frames MODEL FRAME.rgb WIDTH HEIGHT LANDMARKS.f32: faces in frames, and everything that a caller can do wrong there.
// FRAME holds bytes, LANDMARKS 68 pairs of floats.
#include "check.h"

#include <math.h>

typedef struct {
  fixture f;
  int width, height;
  unsigned char *frame, *before, *result, *mask;
  float points[136];
  liae_image frame_image, result_image, mask_image;
} scene;

static void read_exactly(const char *path, void *memory, size_t count) {
  FILE *file = fopen(path, "rb");
  CHECK(file && fread(memory, 1, count, file) == count);
  if (file) fclose(file);
  if (failures) exit(finish());
}

static size_t bytes(const scene *s) { return (size_t)(s->width * s->height * 3); }

static liae_face face_of(scene *s) {
  liae_face face;
  OK(liae_face_init(&face, sizeof face));
  face.landmarks = s->points;
  face.landmark_count = 68;
  face.context = s->f.context;
  return face;
}

// One call and three steps give the same picture; outside the mask the frame is what it was.
static void ways(scene *s) {
  liae_composite_options options;
  liae_face face = face_of(s);
  unsigned char *second = malloc(bytes(s)), *second_mask = malloc((size_t)(s->width * s->height));
  liae_image second_image = byte_image(second, s->width, s->height, 3);
  liae_image second_mask_image = byte_image(second_mask, s->width, s->height, 1);
  double matrix[6], expected[6];

  OK(liae_composite_options_init(&options, sizeof options));
  CHECK(options.blend == LIAE_BLEND_OVERLAY && options.mask_mode == LIAE_MASK_MODE_LEARNED_PRODUCT);
  CHECK(options.color_transfer == LIAE_COLOR_TRANSFER_RCT && options.histogram_threshold == 238);
  // The test networks have random weights: a mask that does not depend on them.
  options.mask_mode = LIAE_MASK_MODE_DESTINATION;
  options.blur = 20;
  OK(liae_frame_swap(s->f.context, &s->frame_image, s->points, 68, &options, &s->result_image));
  CHECK(memcmp(s->frame, s->before, bytes(s)) == 0);
  OK(liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &second_image, &s->mask_image));
  CHECK(memcmp(second, s->result, bytes(s)) == 0);
  size_t changed = 0, masked = 0;
  for (int i = 0; i < s->width * s->height; i++) {
    const int differs = memcmp(s->frame + 3 * i, s->result + 3 * i, 3) != 0;
    changed += differs;
    masked += s->mask[i] > 0;
    CHECK(!differs || s->mask[i] > 0);
  }
  CHECK(changed > 1000 && masked > 1000 && masked < (size_t)(s->width * s->height) / 2);

  OK(liae_frame_align(s->f.context, &s->frame_image, s->points, 68, LIAE_FACE_TYPE_AUTOMATIC, &options, &s->f.face, matrix));
  CHECK(strcmp(s->f.info.face_type, "whole_face") == 0);
  OK(liae_face_transform(s->points, 68, LIAE_FACE_TYPE_WHOLE, s->f.info.resolution, 1, expected));
  for (int i = 0; i < 6; i++) CHECK(matrix[i] == expected[i]);
  OK(liae_context_run(s->f.context, NULL, &s->f.face, &s->f.rgb, &s->f.mask, &s->f.dst_mask));
  face.rgb = &s->f.rgb;
  face.mask = &s->f.mask;
  face.dst_mask = &s->f.dst_mask;
  OK(liae_frame_composite(&s->frame_image, &face, 1, &options, &second_image, &second_mask_image));
  CHECK(memcmp(second, s->result, bytes(s)) == 0);
  CHECK(memcmp(second_mask, s->mask, (size_t)(s->width * s->height)) == 0);
  face.context = NULL;
  face.face_type = LIAE_FACE_TYPE_WHOLE;
  OK(liae_frame_composite(&s->frame_image, &face, 1, &options, &second_image, &second_mask_image));
  CHECK(memcmp(second, s->result, bytes(s)) == 0);
  face.face_type = LIAE_FACE_TYPE_FULL;
  OK(liae_frame_composite(&s->frame_image, &face, 1, &options, &second_image, &second_mask_image));
  CHECK(memcmp(second, s->result, bytes(s)) != 0);

  // In place, and with the learned masks.
  for (int blend = LIAE_BLEND_ORIGINAL; blend <= LIAE_BLEND_RAW_RGB; blend++) {
    options.blend = blend;
    options.mask_mode = LIAE_MASK_MODE_LEARNED_SUM;
    OK(liae_frame_swap(s->f.context, &s->frame_image, s->points, 68, &options, &s->result_image));
    memcpy(second, s->frame, bytes(s));
    OK(liae_frame_swap(s->f.context, &second_image, s->points, 68, &options, &second_image));
    CHECK(memcmp(second, s->result, bytes(s)) == 0);
    CHECK((memcmp(second, s->frame, bytes(s)) == 0) == (blend == LIAE_BLEND_ORIGINAL));
  }

  // No face: the frame, and a black mask.
  memset(s->mask, 7, (size_t)(s->width * s->height));
  OK(liae_frame_swap_faces(&s->frame_image, NULL, 0, NULL, NULL, &s->result_image, &s->mask_image));
  CHECK(memcmp(s->frame, s->result, bytes(s)) == 0 && s->mask[0] == 0);
  OK(liae_frame_swap_faces(&s->frame_image, NULL, 0, NULL, NULL, NULL, NULL));
  free(second);
  free(second_mask);
}

// The run options go to the models: a morph is that of the three steps, and df has none.
static void morphs(scene *s) {
  liae_composite_options options;
  liae_run_options run;
  liae_face face = face_of(s), made = face_of(s);
  unsigned char *pictures[3];
  const float values[] = {0.25f, 0.75f, 1};
  OK(liae_composite_options_init(&options, sizeof options));
  options.mask_mode = LIAE_MASK_MODE_DESTINATION;
  OK(liae_run_options_init(&run, sizeof run));
  run.mode = LIAE_MODE_MORPH;
  if (!s->f.info.can_morph) {
    EXPECT(LIAE_ERROR_UNSUPPORTED, liae_frame_swap_faces(&s->frame_image, &face, 1, &options, &run, &s->result_image, NULL));
    return;
  }
  for (int i = 0; i < 3; i++) {
    run.morph = values[i];
    pictures[i] = malloc(bytes(s));
    liae_image picture = byte_image(pictures[i], s->width, s->height, 3);
    OK(liae_frame_swap_faces(&s->frame_image, &face, 1, &options, &run, &picture, NULL));
    OK(liae_frame_align(s->f.context, &s->frame_image, s->points, 68, LIAE_FACE_TYPE_AUTOMATIC, &options, &s->f.face, NULL));
    OK(liae_context_run(s->f.context, &run, &s->f.face, &s->f.rgb, NULL, NULL));
    made.rgb = &s->f.rgb;
    OK(liae_frame_composite(&s->frame_image, &made, 1, &options, &s->result_image, NULL));
    CHECK(memcmp(pictures[i], s->result, bytes(s)) == 0);
    if (i > 0) CHECK(memcmp(pictures[i], pictures[i - 1], bytes(s)) != 0);
  }
  OK(liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &s->result_image, NULL));
  if (strcmp(s->f.info.family, "amp") == 0) CHECK(memcmp(pictures[2], s->result, bytes(s)) == 0);
  run.morph = NAN;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, &face, 1, &options, &run, &s->result_image, NULL));
  for (int i = 0; i < 3; i++) free(pictures[i]);
}

static void geometry(scene *s) {
  double matrix[6] = {1, 2, 3, 4, 5, 6}, bad[6] = {1, 2, 3, 2, 4, NAN};
  float out[136], back[136], five[10];
  liae_pose pose;
  const float *p = s->points;
  for (int type = LIAE_FACE_TYPE_HALF; type <= LIAE_FACE_TYPE_HEAD_NO_ALIGN; type++) {
    OK(liae_face_transform(p, 68, type, 256, 1, matrix));
    OK(liae_points_transform(matrix, 0, p, 68, out));
    OK(liae_points_transform(matrix, 1, out, 68, back));
    for (int i = 0; i < 136; i++) CHECK(fabsf(back[i] - p[i]) < 1e-2f);
  }
  // Five points of the same face give nearly the same square.
  for (int axis = 0; axis < 2; axis++) {
    float eyes[2] = {0, 0};
    for (int i = 0; i < 6; i++) {
      eyes[0] += p[2 * (36 + i) + axis] / 6;
      eyes[1] += p[2 * (42 + i) + axis] / 6;
    }
    five[axis] = eyes[0];
    five[2 + axis] = eyes[1];
    five[4 + axis] = p[2 * 30 + axis];
    five[6 + axis] = p[2 * 48 + axis];
    five[8 + axis] = p[2 * 54 + axis];
  }
  double from_five[6];
  OK(liae_face_transform(p, 68, LIAE_FACE_TYPE_FULL, 256, 1, matrix));
  OK(liae_face_transform(five, 5, LIAE_FACE_TYPE_FULL, 256, 1, from_five));
  CHECK(fabs(from_five[0] / matrix[0] - 1) < 0.15);
  OK(liae_frame_swap(s->f.context, &s->frame_image, five, 5, NULL, &s->result_image));
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_landmark_mask(five, 5, LIAE_MASK_KIND_HULL, 1, &s->mask_image));
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_face_pose(five, 5, &pose));

  OK(liae_face_pose(p, 68, &pose));
  CHECK(fabsf(pose.pitch) < 1.6f && fabsf(pose.yaw) < 1.6f && fabsf(pose.roll) < 1.6f);
  for (int kind = LIAE_MASK_KIND_HULL; kind <= LIAE_MASK_KIND_MOUTH; kind++) {
    memset(s->mask, 0, (size_t)(s->width * s->height));
    OK(liae_landmark_mask(p, 68, kind, 1, &s->mask_image));
    size_t inside = 0;
    for (int i = 0; i < s->width * s->height; i++) inside += s->mask[i] > 127;
    CHECK(inside > 5 && inside < (size_t)(s->width * s->height) / 2);
  }
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_landmark_mask(p, 68, 3, 1, &s->mask_image));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_landmark_mask(p, 68, 0, NAN, &s->mask_image));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_landmark_mask(p, 68, 0, 1, NULL));

  OK(liae_image_warp(&s->frame_image, matrix, LIAE_INTERPOLATION_LINEAR, &s->f.face));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_image_warp(&s->frame_image, bad, LIAE_INTERPOLATION_LINEAR, &s->f.face));
  bad[5] = 0;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_image_warp(&s->frame_image, bad, LIAE_INTERPOLATION_CUBIC, &s->f.face));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_image_warp(&s->frame_image, matrix, 2, &s->f.face));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_image_warp(&s->frame_image, NULL, 0, &s->f.face));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_image_warp(&s->frame_image, matrix, 0, &s->frame_image));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_points_transform(bad, 1, p, 68, out));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_points_transform(matrix, 0, NULL, 68, out));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_points_transform(matrix, 0, p, SIZE_MAX, out));
  matrix[0] = 42;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_transform(p, 67, LIAE_FACE_TYPE_FULL, 256, 1, matrix));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_transform(p, 68, LIAE_FACE_TYPE_AUTOMATIC, 256, 1, matrix));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_transform(p, 68, 99, 256, 1, matrix));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_transform(p, 68, LIAE_FACE_TYPE_FULL, 0, 1, matrix));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_transform(p, 68, LIAE_FACE_TYPE_FULL, 256, NAN, matrix));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_transform(p, 68, LIAE_FACE_TYPE_FULL, 256, 0, matrix));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_transform(NULL, 68, LIAE_FACE_TYPE_FULL, 256, 1, matrix));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT,
         liae_face_transform((const float *)((const char *)p + 1), 5, LIAE_FACE_TYPE_FULL, 256, 1, matrix));
  CHECK(matrix[0] == 42);
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_points_transform((double *)(void *)((char *)matrix + 4), 0, p, 68, out));
}

// Landmarks that no face has. The result is not touched.
static void landmarks(scene *s) {
  float points[136];
  memset(s->result, 9, bytes(s));
  for (int kind = 0; kind < 9; kind++) {
    for (int i = 0; i < 68; i++) {
      float x = s->points[2 * i], y = s->points[2 * i + 1];
      switch (kind) {
        case 0: x = NAN; break;
        case 1: y = i == 67 ? INFINITY : y; break;
        case 2: x = y = 100; break;
        case 3: x = (float)i, y = 2 * (float)i; break;
        case 4: x += 100000, y -= 100000; break;
        case 5: x = x * 1e30f; break;
        case 6: x = 50 + x * 1e-30f, y = 50 + y * 1e-30f; break;
        case 7: x = -x - 4000; break;
        default: x = 3e38f * (i % 2 ? 1 : -1); break;
      }
      points[2 * i] = x;
      points[2 * i + 1] = y;
    }
    EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &s->frame_image, points, 68, NULL, &s->result_image));
  }
  for (size_t i = 0; i < bytes(s); i++) CHECK(s->result[i] == 9);

  // Odd, but faces: tiny, huge, partly outside, in a frame smaller than the face.
  const float scales[] = {0.02f, 0.2f, 3, 40};
  for (int k = 0; k < 4; k++) {
    for (int i = 0; i < 68; i++) {
      points[2 * i] = 30 + (s->points[2 * i] - s->points[60]) * scales[k];
      points[2 * i + 1] = 30 + (s->points[2 * i + 1] - s->points[61]) * scales[k];
    }
    OK(liae_frame_swap(s->f.context, &s->frame_image, points, 68, NULL, &s->result_image));
    liae_image small = s->frame_image, out = s->result_image;
    small.width = out.width = 33;
    small.height = out.height = 35;
    OK(liae_frame_swap(s->f.context, &small, points, 68, NULL, &out));
    small.width = out.width = 31;
    small.height = out.height = 31;
    OK(liae_frame_swap(s->f.context, &small, points, 68, NULL, &out));
  }
}

static int steps_left;

static void cancel_after_steps(void *context, float share) {
  CHECK(share > 0 && share <= 1);
  if (--steps_left == 0) OK(liae_context_cancel(*(liae_context **)context));
}

// A frame that fails is not half-written: a face after a good one, a value that is no number, a run that is cancelled.
static void failures_leave_the_result(scene *s) {
  const size_t pixels = (size_t)(s->width * s->height);
  float *values = malloc(pixels * 3 * sizeof(float));
  unsigned char *rgba = malloc(pixels * 4);
  liae_image frame = s->frame_image, result = s->result_image, wide = s->result_image;
  frame.pixels = values;
  frame.format = LIAE_PIXEL_FORMAT_RGB_FLOAT;
  frame.stride *= sizeof(float);
  wide.pixels = rgba;
  wide.format = LIAE_PIXEL_FORMAT_RGBA8;
  wide.stride = (size_t)s->width * 4;
  for (size_t i = 0; i < pixels * 3; i++) values[i] = (float)s->frame[i] / 255;
  memset(s->result, 9, bytes(s));
  memset(s->mask, 9, pixels);
  memset(rgba, 9, pixels * 4);

  liae_face faces[2] = {face_of(s), face_of(s)};
  float outside[136];
  for (int i = 0; i < 136; i++) outside[i] = s->points[i] + 5000;
  faces[1].landmarks = outside;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, faces, 2, NULL, NULL, &result, &s->mask_image));
  CHECK(strstr(liae_last_error(), "face 1") != NULL);

  // In the corner, which no face needs but a result of another format.
  values[0] = NAN;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&frame, faces, 1, NULL, NULL, &wide, &s->mask_image));
  values[0] = (float)s->frame[0] / 255;

  liae_context_options options;
  liae_context *context = NULL;
  OK(liae_context_options_init(&options, sizeof options));
  options.progress = cancel_after_steps;
  options.progress_user_data = &context;
  OK(liae_context_create(s->f.model, &options, &context));
  steps_left = 3;
  EXPECT(LIAE_ERROR_CANCELLED, liae_frame_swap(context, &s->frame_image, s->points, 68, NULL, &result));
  for (size_t i = 0; i < bytes(s); i++) CHECK(s->result[i] == 9);
  for (size_t i = 0; i < pixels; i++) CHECK(s->mask[i] == 9);
  for (size_t i = 0; i < pixels * 4; i++) CHECK(rgba[i] == 9);

  // The same calls without what failed them.
  OK(liae_frame_swap(context, &s->frame_image, s->points, 68, NULL, &result));
  OK(liae_frame_swap_faces(&frame, faces, 1, NULL, NULL, &wide, &s->mask_image));
  for (size_t i = 0; i < pixels; i++) CHECK(memcmp(rgba + 4 * i, s->result + 3 * i, 3) == 0 && rgba[4 * i + 3] == 255);
  OK(liae_context_free(context));
  free(values);
  free(rgba);
}

static void misuse(scene *s) {
  liae_composite_options options;
  liae_face face = face_of(s), faces[2];
  liae_image wrong = s->result_image, small_mask = s->f.mask;
  const float *p = s->points;
  OK(liae_composite_options_init(&options, sizeof options));

  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_frame_swap(NULL, &s->frame_image, p, 68, NULL, &s->result_image));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, NULL, p, 68, NULL, &s->result_image));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &s->frame_image, NULL, 68, NULL, &s->result_image));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &s->frame_image, p, SIZE_MAX, NULL, &s->result_image));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &s->frame_image, p, 68, NULL, NULL));
  wrong.width -= 1;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &s->frame_image, p, 68, NULL, &wrong));
  wrong.width = -5;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &wrong, p, 68, NULL, &s->result_image));
  wrong = s->frame_image;
  wrong.width = wrong.height = INT32_MAX;
  wrong.stride = SIZE_MAX;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &wrong, p, 68, NULL, &s->result_image));

  // Every option beside its range.
  int32_t *members[] = {&options.blend,         &options.mask_mode,     &options.color_transfer, &options.sharpening,
                        &options.erode,         &options.blur,          &options.face_scale,     &options.histogram_threshold,
                        &options.sharpen_amount, &options.motion_blur,  &options.super_resolution, &options.denoise,
                        &options.bicubic_degrade, &options.color_degrade};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    const int32_t before = *members[i], values[] = {INT32_MIN, -401, 501, INT32_MAX};
    for (int k = 0; k < 4; k++) {
      *members[i] = values[k];
      EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &s->frame_image, p, 68, &options, &s->result_image));
    }
    *members[i] = before;
  }
  options.super_resolution = 50;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap(s->f.context, &s->frame_image, p, 68, &options, &s->result_image));
  options.super_resolution = 0;
  options.blend = LIAE_BLEND_RAW_PREDICT;
  EXPECT(LIAE_ERROR_UNSUPPORTED, liae_frame_swap(s->f.context, &s->frame_image, p, 68, &options, &s->result_image));
  options.blend = LIAE_BLEND_OVERLAY;
  options.struct_size = 8;
  EXPECT(LIAE_ERROR_INVALID_STRUCT_SIZE, liae_frame_swap(s->f.context, &s->frame_image, p, 68, &options, &s->result_image));
  options.struct_size = sizeof options;

  // Masks that are missing or of a wrong size.
  options.mask_mode = LIAE_MASK_MODE_GIVEN;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &s->result_image, NULL));
  face.frame_mask = &small_mask;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &s->result_image, NULL));
  memset(s->mask, 255, (size_t)(s->width * s->height));
  face.frame_mask = &s->mask_image;
  OK(liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &s->result_image, NULL));
  options.mask_mode = LIAE_MASK_MODE_XSEG_DESTINATION;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &s->result_image, NULL));
  face.xseg_dst_mask = &s->mask_image;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &s->result_image, NULL));
  face.xseg_dst_mask = &small_mask;
  OK(liae_frame_swap_faces(&s->frame_image, &face, 1, &options, NULL, &s->result_image, NULL));
  options.mask_mode = LIAE_MASK_MODE_LEARNED_PRODUCT;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_composite(&s->frame_image, &face, 1, &options, &s->result_image, NULL));
  face.rgb = &s->f.rgb;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_composite(&s->frame_image, &face, 1, &options, &s->result_image, NULL));
  face.mask = &s->f.mask;
  face.dst_mask = &s->mask_image;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_composite(&s->frame_image, &face, 1, &options, &s->result_image, NULL));
  face.dst_mask = &s->f.dst_mask;
  OK(liae_frame_composite(&s->frame_image, &face, 1, &options, &s->result_image, NULL));
  face.rgb = &s->frame_image;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_composite(&s->frame_image, &face, 1, &options, &s->result_image, NULL));
  s->f.pixels[1][7] = NAN;
  face.rgb = &s->f.rgb;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_composite(&s->frame_image, &face, 1, &options, &s->result_image, NULL));
  s->f.pixels[1][7] = 0;
  face.motion_power = INFINITY;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_composite(&s->frame_image, &face, 1, &options, &s->result_image, NULL));

  // Arrays of faces.
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_face_init(NULL, sizeof face));
  EXPECT(LIAE_ERROR_INVALID_STRUCT_SIZE, liae_face_init(&face, 16));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, NULL, 1, NULL, NULL, &s->result_image, NULL));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, &face, SIZE_MAX, NULL, NULL, &s->result_image, NULL));
  faces[0] = faces[1] = face_of(s);
  OK(liae_frame_swap_faces(&s->frame_image, faces, 2, NULL, NULL, &s->result_image, &s->mask_image));
  faces[1].struct_size += 8;
  EXPECT(LIAE_ERROR_INVALID_STRUCT_SIZE, liae_frame_swap_faces(&s->frame_image, faces, 2, NULL, NULL, &s->result_image, NULL));
  faces[1] = face_of(s);
  faces[1].context = NULL;
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_frame_swap_faces(&s->frame_image, faces, 2, NULL, NULL, &s->result_image, NULL));
  faces[1] = face_of(s);
  faces[1].face_type = -1;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_frame_swap_faces(&s->frame_image, faces, 2, NULL, NULL, &s->result_image, NULL));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT,
         liae_frame_align(s->f.context, &s->frame_image, p, 68, 0, NULL, &s->result_image, NULL));
}

// Masks, colours and landmarks over frames: what is averaged comes to rest, and a smoothing is for one face.
static void sequences(scene *s) {
  liae_smoothing_options options;
  liae_smoothing *smoothing = NULL, *other = NULL;
  liae_composite_options composite;
  liae_face faces[2];
  float points[136], steady[136];
  unsigned char *first = malloc(bytes(s));
  double moved = 0, trembled = 0;

  OK(liae_smoothing_options_init(&options, sizeof options));
  CHECK(options.mask_rate == 1 && options.color_rate == 1 && options.cutoff == 1);
  float *members[] = {&options.cutoff, &options.slope, &options.mask_rate, &options.color_rate};
  for (int i = 0; i < 4; i++) {
    const float before = *members[i], wrong[] = {-1, 2e6f, NAN, INFINITY};
    for (int k = 0; k < 4; k++) {
      *members[i] = wrong[k];
      EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_smoothing_create(&options, &smoothing));
      CHECK(smoothing == NULL);
    }
    *members[i] = before;
  }
  options.mask_rate = 0.25f;
  options.color_rate = 0.25f;
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_smoothing_create(&options, NULL));
  OK(liae_smoothing_create(&options, &smoothing));
  OK(liae_smoothing_create(NULL, &other));

  // Landmarks that tremble by two pixels: less than half is left.
  for (int frame = 0; frame < 40; frame++) {
    for (int i = 0; i < 136; i++) points[i] = s->points[i] + (frame % 2 ? 1.0f : -1.0f);
    memcpy(steady, points, sizeof points);
    OK(liae_smoothing_landmarks(smoothing, steady, 68, 0.04, steady));
    if (frame == 0) CHECK(memcmp(steady, points, sizeof points) == 0);
    if (frame >= 20) {
      moved += fabs(steady[7] - s->points[7]);
      trembled += 1;
    }
  }
  CHECK(moved < 0.5 * trembled && moved > 0);
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_smoothing_landmarks(smoothing, points, 68, 0, steady));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_smoothing_landmarks(smoothing, points, 68, NAN, steady));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_smoothing_landmarks(smoothing, points, 7, 0.04, steady));
  EXPECT(LIAE_ERROR_INVALID_ARGUMENT, liae_smoothing_landmarks(smoothing, points, 68, 0.04, NULL));
  OK(liae_smoothing_landmarks(smoothing, points, 5, 0.04, steady));
  CHECK(memcmp(steady, points, 10 * sizeof(float)) == 0);
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_smoothing_landmarks((liae_smoothing *)(void *)s->f.context, points, 68, 1, steady));

  // The first frame is as it is without; then the mask is dragged along, and comes to rest.
  OK(liae_composite_options_init(&composite, sizeof composite));
  composite.mask_mode = LIAE_MASK_MODE_DESTINATION;
  faces[0] = face_of(s);
  OK(liae_frame_swap_faces(&s->frame_image, faces, 1, &composite, NULL, &s->result_image, NULL));
  memcpy(first, s->result, bytes(s));
  faces[0].smoothing = smoothing;
  OK(liae_frame_swap_faces(&s->frame_image, faces, 1, &composite, NULL, &s->result_image, NULL));
  CHECK(memcmp(first, s->result, bytes(s)) == 0);
  composite.mask_mode = LIAE_MASK_MODE_FULL;
  OK(liae_frame_swap_faces(&s->frame_image, faces, 1, &composite, NULL, &s->result_image, &s->mask_image));
  size_t half = 0;
  for (int i = 0; i < s->width * s->height; i++) half += s->mask[i] > 50 && s->mask[i] < 80;
  CHECK(half > 1000);
  OK(liae_smoothing_reset(smoothing));
  composite.mask_mode = LIAE_MASK_MODE_DESTINATION;
  OK(liae_frame_swap_faces(&s->frame_image, faces, 1, &composite, NULL, &s->result_image, NULL));
  CHECK(memcmp(first, s->result, bytes(s)) == 0);
  faces[1] = faces[0];
  EXPECT(LIAE_ERROR_BUSY, liae_frame_swap_faces(&s->frame_image, faces, 2, &composite, NULL, &s->result_image, NULL));
  faces[1].smoothing = other;
  OK(liae_frame_swap_faces(&s->frame_image, faces, 2, &composite, NULL, &s->result_image, NULL));

  OK(liae_smoothing_free(NULL));
  OK(liae_smoothing_free(smoothing));
  OK(liae_smoothing_free(other));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_smoothing_free(smoothing));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_smoothing_reset(smoothing));
  EXPECT(LIAE_ERROR_INVALID_HANDLE, liae_frame_swap_faces(&s->frame_image, faces, 1, &composite, NULL, &s->result_image, NULL));
  free(first);
}

int main(int argc, char **argv) {
  scene s;
  memset(&s, 0, sizeof s);
  if (argc != 6) return 2;
  open_fixture(&s.f, argv[1], NULL);
  s.width = atoi(argv[3]);
  s.height = atoi(argv[4]);
  s.frame = malloc(bytes(&s));
  s.before = malloc(bytes(&s));
  s.result = malloc(bytes(&s));
  s.mask = malloc((size_t)(s.width * s.height));
  read_exactly(argv[2], s.frame, bytes(&s));
  read_exactly(argv[5], s.points, sizeof s.points);
  memcpy(s.before, s.frame, bytes(&s));
  s.frame_image = byte_image(s.frame, s.width, s.height, 3);
  s.result_image = byte_image(s.result, s.width, s.height, 3);
  s.mask_image = byte_image(s.mask, s.width, s.height, 1);
  ways(&s);
  morphs(&s);
  geometry(&s);
  landmarks(&s);
  failures_leave_the_result(&s);
  misuse(&s);
  sequences(&s);
  CHECK(memcmp(s.frame, s.before, bytes(&s)) == 0);
  close_fixture(&s.f);
  free(s.frame);
  free(s.before);
  free(s.result);
  free(s.mask);
  return finish();
}
