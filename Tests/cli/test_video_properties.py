# SPDX-License-Identifier: Apache-2.0
"""Properties of a video that its result keeps, or says that it does not: fields, depth, colours, companions, shape.

Truth: ffprobe, and decoded values.
"""
import json
import subprocess

import numpy as np
import pytest
from conftest import FACES
from videos import decoded, ffmpeg, needs_ffmpeg, streams, times, video

pytestmark = needs_ffmpeg
PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=0.4"]
FIELDS = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=50:duration=0.4"]
H264 = ["-c:v", "libx264", "-crf", "4", "-preset", "ultrafast"]


@pytest.fixture
def one_face(found_faces, landmarks_file):
    return "--landmarks", landmarks_file([(2, found_faces["00003_0.jpg"]["source_landmarks"])])


def frames(path, *entries):
    """Properties of each frame, as ffprobe tells them."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "V:0", "-show_frames", "-of", "json", path],
                          capture_output=True, check=True)
    return [tuple(frame.get(entry) for entry in entries) for frame in json.loads(done.stdout)["frames"]]


def samples(path, dtype, *options):
    """Decoded samples, as they are unless there are options."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, *options, "-f", "rawvideo", "-"], capture_output=True,
                          check=True)
    return np.frombuffer(done.stdout, dtype).astype(int)


# MARK: Interlacing

@pytest.mark.parametrize("order, mode", [("tff", "interleave_top"), ("bff", "interleave_bottom")])
def test_fields_stay_fields(model, one_face, tmp_path, order, mode):
    source = tmp_path / "source.mp4"
    ffmpeg(*FIELDS, "-vf", f"tinterlace={mode},setfield={order}", *H264, "-flags", "+ilme+ildct", "-x264-params",
           f"{order}=1", source)
    flags = {(1, 1 if order == "tff" else 0)}
    assert set(frames(source, "interlaced_frame", "top_field_first")) == flags
    for output, options in (("out.mp4", ()), ("out.mkv", ()), ("out.ts", ()), ("ffv1.mkv", ("--encoder", "ffv1")),
                            ("out.mpg", ("--encoder", "mpeg2video")), ("out.mov", ("--encoder", "prores_ks"))):
        result = video(model, source, tmp_path / output, *options, faces=one_face)
        assert result.status == 0 and "interlac" not in result.err, result.err
        assert set(frames(tmp_path / output, "interlaced_frame", "top_field_first")) == flags, output
        assert streams(tmp_path / output)[0]["video"]["field_order"] in (("tt", "tb") if order == "tff" else ("bb", "bt"))
    # Each field alone is what it was, but for the edges of colours, which lose by halving the chroma once more.
    a, b = (decoded(path, "-vf", "field=top,format=gray").astype(int) for path in (source, tmp_path / "ffv1.mkv"))
    assert np.abs(a - b)[5:].mean() < 1


def test_interlacing_that_is_lost_is_said_and_can_be_taken_away(model, one_face, tmp_path):
    source = tmp_path / "source.mkv"
    ffmpeg(*FIELDS, "-vf", "tinterlace=interleave_top,setfield=tff", "-c:v", "ffv1", source)
    result = video(model, source, tmp_path / "out.mp4", "--encoder", "libx265", faces=one_face)
    assert result.status == 0 and "interlacing (top field first): the frames are encoded as progressive" in result.err
    result = video(model, source, tmp_path / "plain.mp4", "--deinterlace", faces=one_face)
    assert result.status == 0 and "interlac" not in result.err
    assert set(frames(tmp_path / "plain.mp4", "interlaced_frame")) == {(0,)}
    assert times(tmp_path / "plain.mp4") == times(source)
    # 4:2:0 has half of the lines of colour, which have to be even for two fields.
    odd = tmp_path / "odd.mkv"
    ffmpeg(*FIELDS, "-vf", "crop=320:182,tinterlace=interleave_top,setfield=tff", "-c:v", "ffv1", odd)
    assert "interlacing" in video(model, odd, tmp_path / "odd.mp4", faces=one_face).err
    turned = tmp_path / "turned.mp4"
    ffmpeg("-i", source, *H264, "-flags", "+ilme+ildct", tmp_path / "straight.mp4")
    ffmpeg("-i", tmp_path / "straight.mp4", "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    assert video(model, turned, tmp_path / "upright.mp4", faces=one_face).status == 0
    assert set(frames(tmp_path / "upright.mp4", "interlaced_frame")) == {(0,)}


# MARK: Depth and dynamic range

@pytest.mark.parametrize("pixels, formula, options, tolerance", [
    ("gbrp16le", "r='X*201':g=40000:b='Y*270'", (), 0),
    ("gbrp12le", "r='X*12':g=3000:b='Y*16'", ("--pixel-format", "gbrp12le"), 0),
    ("yuv444p10le", "r='X*201':g=40000:b='Y*270'", (), 1),
    ("yuv420p10le", "r='X*201':g=40000:b='Y*270'", ("--pixel-format", "yuv420p10le"), 4)])
def test_deep_samples_come_back(model, one_face, tmp_path, pixels, formula, options, tolerance):
    source, output = tmp_path / "source.mkv", tmp_path / "out.mkv"
    if pixels == "gbrp12le":
        made = f"format=gbrp12le,geq={formula}"
    else:
        made = f"format=gbrp16le,geq={formula},scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format={pixels}"
    ffmpeg("-f", "lavfi", "-i", "color=size=320x240:rate=25:duration=0.12", "-vf", made, "-c:v", "ffv1",
           *(["-colorspace", "bt709"] if pixels.startswith("yuv") else []), source)
    result = video(model, source, output, "--encoder", "ffv1", *options, faces=one_face)
    assert result.status == 0 and "bits" not in result.err, result.err
    before, after = samples(source, np.uint16), samples(output, np.uint16)
    size = len(before) // 3
    assert streams(output)[0]["video"]["pix_fmt"] == pixels and len(after) == len(before)
    # Two frames have no face. What an 8-bit pipe would lose is 1 << 8, or 1 << 2 of 10 bits.
    untouched = np.abs(before - after)[:2 * size]
    assert untouched.max() <= tolerance and len(np.unique(after[:size])) > 400
    assert np.abs(before - after)[2 * size:].max() > 8


def test_the_face_of_a_deep_frame_is_that_of_the_8_bit_frame(model, clip_of_faces, found_faces, landmarks_file, tmp_path):
    deep = tmp_path / "deep.mkv"
    ffmpeg("-i", clip_of_faces, "-vf", "format=gbrp10le", "-c:v", "ffv1", deep)
    faces = "--landmarks", landmarks_file([(2, found_faces["00003_0.jpg"]["source_landmarks"])])
    outputs = []
    for source, pixels in ((clip_of_faces, "gbrp"), (deep, "gbrp10le")):
        outputs.append(tmp_path / f"{pixels}.mkv")
        assert video(model, source, outputs[-1], "--encoder", "ffv1", "--pixel-format", pixels, faces=faces).status == 0
    a, b = samples(outputs[0], np.uint8, "-pix_fmt", "gbrp"), samples(outputs[1], np.uint16)
    assert np.abs(a - b / 1023 * 255).max() < 1.6 and np.abs(a - b / 1023 * 255).mean() < 0.4


@pytest.fixture
def clip_of_faces(tmp_path):
    path = tmp_path / "faces.mkv"
    ffmpeg("-framerate", 25, "-i", FACES / "frames/%05d.png", "-vf", "format=gbrp", "-c:v", "ffv1", path)
    return path


HDR_COLORS = {"color_space": "bt2020nc", "color_primaries": "bt2020", "color_transfer": "smpte2084", "color_range": "tv"}


def test_a_high_dynamic_range_stays(model, one_face, tmp_path):
    source = tmp_path / "hdr.mp4"
    ffmpeg(*PICTURE, "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-colorspace", "bt2020nc", "-color_primaries", "bt2020",
           "-color_trc", "smpte2084", "-color_range", "tv", "-x265-params", "log-level=error:hdr10=1:repeat-headers=1:"
           "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400", source)
    for output, options in (("out.mp4", ()), ("out.mkv", ()), ("x265.mp4", ("--encoder", "libx265")),
                            ("x265.ts", ("--encoder", "libx265")), ("out.mov", ("--encoder", "prores_ks"))):
        result = video(model, source, tmp_path / output, *options, faces=one_face)
        assert result.status == 0 and "does not have" not in result.err, result.err
        found = streams(tmp_path / output)[0]["video"]
        assert {key: found.get(key) for key in HDR_COLORS} == HDR_COLORS and "10le" in found["pix_fmt"]
        sides = found.get("side_data_list", []) + (frames(tmp_path / output, "side_data_list")[0][0] or [])
        sides = {side.get("side_data_type"): side for side in sides}
        display, light = sides["Mastering display metadata"], sides["Content light level metadata"]
        assert eval(display["red_x"]) == 0.68 and eval(display["white_point_y"]) == 0.329
        assert eval(display["max_luminance"]) == 1000 and eval(display["min_luminance"]) == 0.0001
        assert (light["max_content"], light["max_average"]) == (1000, 400)
    result = video(model, source, tmp_path / "out.ts", faces=one_face)
    assert result.status == 0 and "mastering display and light levels of HDR10: --encoder libx265 keeps them" in result.err
    result = video(model, source, tmp_path / "out.avi", "--encoder", "mpeg4", faces=one_face)
    assert "10 bits of a sample, now 8" in result.err and "transfer function (smpte2084)" in result.err


# MARK: What lies beside the picture

@pytest.fixture
def companions(tmp_path):
    """Sound in two languages, subtitles, chapters, timecode, tags, and pixels that are not square."""
    text, metadata, path = tmp_path / "text.srt", tmp_path / "chapters.txt", tmp_path / "full.mov"
    text.write_text("1\n00:00:00,100 --> 00:00:00,300\nHello\n")
    metadata.write_text(";FFMETADATA1\ntitle=Holiday\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=200\ntitle=One\n[CHAPTER]\n"
                        "TIMEBASE=1/1000\nSTART=200\nEND=400\ntitle=Two\n")
    ffmpeg(*PICTURE, "-f", "lavfi", "-i", "sine=duration=0.4", "-f", "lavfi", "-i", "sine=frequency=880:duration=0.4", "-i",
           text, "-i", metadata, "-map", 0, "-map", 1, "-map", 2, "-map", 3, "-map_metadata", 4, "-map_chapters", 4, *H264,
           "-vf", "setsar=4/3", "-c:a", "aac", "-c:s", "mov_text", "-timecode", "01:02:03:04", "-metadata:s:a:0",
           "language=ger", "-metadata:s:a:1", "language=fra", "-metadata:s:s:0", "language=eng", "-metadata:s:v:0",
           "language=jpn", path)
    return path


def every(path, kind):
    done = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-show_chapters", "-show_format", "-of", "json", path],
                          capture_output=True, check=True)
    found = json.loads(done.stdout)
    return found["chapters"] if kind == "chapters" else [s for s in found["streams"] if s["codec_type"] == kind]


@pytest.mark.parametrize("ending", ["mov", "mp4", "mkv"])
def test_companions_are_kept(model, one_face, companions, tmp_path, ending):
    output = tmp_path / f"out.{ending}"
    result = video(model, companions, output, faces=one_face)
    assert result.status == 0 and result.err == "", result.err
    assert [s["tags"]["language"] for s in every(output, "audio")] == ["ger", "fra"]
    assert [s["codec_name"] for s in every(output, "subtitle")] == ["subrip" if ending == "mkv" else "mov_text"]
    assert every(output, "subtitle")[0]["tags"]["language"] == "eng"
    text = subprocess.run(["ffmpeg", "-v", "error", "-i", output, "-map", "0:s:0", "-f", "srt", "-"], capture_output=True,
                          text=True).stdout
    assert "Hello" in text
    assert [c["tags"]["title"] for c in every(output, "chapters")] == ["One", "Two"]
    picture = every(output, "video")[0]
    tags = {key.lower(): value for key, value in picture["tags"].items()}
    assert tags["timecode"] == "01:02:03:04" and tags["language"] == "jpn"
    assert picture["sample_aspect_ratio"] == "4:3"
    assert streams(output)[1]["tags"]["title"] == "Holiday"


def test_what_a_container_has_no_place_for_is_said_once(model, one_face, companions, tmp_path):
    result = video(model, companions, tmp_path / "out.ts", faces=one_face)
    assert result.status == 0
    assert result.err.count("\n") == 1
    assert "lacks these properties of the video: timecode (01:02:03:04); chapters (2); subtitles (mov_text)" in result.err
    cover = tmp_path / "cover.mp4"
    ffmpeg(*PICTURE, "-f", "lavfi", "-i", "color=red:size=64x64", "-map", 0, "-map", 1, "-c:v:0", "libx264", "-c:v:1", "png",
           "-frames:v:1", 1, "-disposition:v:1", "attached_pic", cover)
    result = video(model, cover, tmp_path / "plain.mp4", faces=one_face)
    assert result.status == 0 and "properties of the video: a cover picture" in result.err
    attached = tmp_path / "attached.mkv"
    ffmpeg(*PICTURE, *H264, "-attach", tmp_path / "text.srt", "-metadata:s:t", "mimetype=text/plain", attached)
    assert "attached files (1)" in video(model, attached, tmp_path / "attached.mp4", faces=one_face).err
    result = video(model, attached, tmp_path / "again.mkv", faces=one_face)
    assert result.err == "" and len(every(tmp_path / "again.mkv", "attachment")) == 1
    halves = tmp_path / "halves.mkv"
    ffmpeg(*PICTURE, "-pix_fmt", "yuv422p", *H264, halves)
    assert "4:2:2 colour, now 4:2:0" in video(model, halves, tmp_path / "halves.mp4", faces=one_face).err
    result = video(model, halves, tmp_path / "same.mp4", "--pixel-format", "yuv422p", faces=one_face)
    assert result.status == 0 and result.err == ""


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_pictures_become_upright(model, one_face, tmp_path, turn):
    plain, turned = tmp_path / "plain.mp4", tmp_path / "turned.mp4"
    ffmpeg(*PICTURE, "-vf", "setsar=4/3", *H264, plain)
    ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v", f"rotate={turn}", turned)
    result = video(model, turned, tmp_path / "out.mp4", faces=one_face)
    assert result.status == 0 and result.err == "", result.err
    found = streams(tmp_path / "out.mp4")[0]["video"]
    assert (found["width"], found["height"]) == ((320, 240) if turn == 180 else (240, 320))
    assert found["sample_aspect_ratio"] == ("4:3" if turn == 180 else "3:4")
    assert "rotate" not in found["tags"] and not found.get("side_data_list")
    gray = [decoded(path, "-vf", "format=gray").astype(int) for path in (turned, tmp_path / "out.mp4")]
    assert np.abs(gray[0] - gray[1])[3:].mean() < 2


# MARK: Faces alone

@pytest.mark.parametrize("output, options, mean, most", [
    ("out.mov", (), 0.1, 4), ("out.mkv", (), 0.1, 3), ("out.webm", ("-c:v", "libvpx-vp9"), 1, 90)])
def test_a_face_alone_over_its_video_is_the_swapped_video(model, clip_of_faces, tmp_path, output, options, mean, most):
    whole, alone = tmp_path / "whole.mkv", tmp_path / output
    assert video(model, clip_of_faces, whole, "--encoder", "ffv1", "--pixel-format", "gbrp", "--mask-mode", "dst").status == 0
    result = video(model, clip_of_faces, alone, "--alpha", "--mask-mode", "dst")
    assert result.status == 0, result.err

    def pixels(path, kind, channels, *options):
        done = subprocess.run(["ffmpeg", "-v", "error", *options, "-i", path, "-f", "rawvideo", "-pix_fmt", kind, "-"],
                              capture_output=True, check=True)
        return np.frombuffer(done.stdout, np.uint8).reshape(7, 240, 320, channels).astype(float)

    under, expected = pixels(clip_of_faces, "rgb24", 3), pixels(whole, "rgb24", 3)
    over = pixels(alone, "rgba", 4, *options)
    alpha = over[..., 3:] / 255
    assert alpha.max() > 0.99 and 0.02 < (alpha > 0).mean() < 0.3
    error = np.abs(under * (1 - alpha) + over[..., :3] * alpha - expected)
    assert error.mean() < mean and error.max() <= most
    assert np.abs(expected - under).max() > 50


def test_faces_alone_that_cannot_be(model, clip_of_faces, tmp_path):
    for output, options, message in (("out.mp4", (), "cannot hold alpha; use .mov, .mkv or .webm"),
                                     ("out.mov", ("--color-degrade", 10), "--color-degrade"),
                                     ("out.mov", ("--mode", "original"), "--mode original")):
        result = video(model, clip_of_faces, tmp_path / output, "--alpha", *options)
        assert result.status == 2 and message in result.err, result.err
        assert not (tmp_path / output).exists()
