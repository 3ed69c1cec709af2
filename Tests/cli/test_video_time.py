# SPDX-License-Identifier: Apache-2.0
"""Time in videos: frames keep their time stamps, and faces find the frames that ffmpeg and OpenCV count.

Truth: ffprobe's time stamps, and the pictures that ffmpeg itself extracts.
"""
import subprocess

import numpy as np
import pytest
from videos import decoded, ffmpeg, needs_ffmpeg, streams, times, video

pytestmark = needs_ffmpeg
PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1"]
TONE = ["-f", "lavfi", "-i", "sine=duration=1.6"]
H264 = ["-c:v", "libx264", "-crf", "10", "-preset", "ultrafast"]


def gap(path):
    """Ten frames of 25 are missing in the middle."""
    ffmpeg(*PICTURE, "-vf", "select='not(between(n,5,14))'", "-vsync", "vfr", *H264, path)


def phone(path):
    """A clock of 90 kHz and no two frames of one length, as telephones record: r_frame_rate is the clock's."""
    ffmpeg(*PICTURE, *TONE, "-vf", "settb=1/90000,setpts='N*3600+mod(N*N*37,1100)'", "-vsync", "passthrough",
           "-enc_time_base", "1:90000", "-video_track_timescale", 90000, *H264, "-c:a", "aac", path)


def late(path):
    """The picture begins half a second after the sound."""
    ffmpeg(*TONE, "-itsoffset", 0.5, *PICTURE, "-map", "1:v", "-map", "0:a", "-vsync", "passthrough", *H264, "-c:a", "aac",
           path)


def late_sound(path):
    ffmpeg(*PICTURE, "-itsoffset", 0.4, *TONE, *H264, "-c:a", "aac", path)


def delayed(path):
    """B-frames without an edit list: the first picture is two frames late."""
    ffmpeg(*PICTURE, *TONE, "-c:v", "libx264", "-bf", 3, "-c:a", "aac", "-use_editlist", 0, path)


def cut(path):
    """An edit list hides the frames from a key frame to where the cut is."""
    whole = path.with_name("whole.mp4")
    ffmpeg(*PICTURE, *TONE, "-c:v", "libx264", "-g", 10, "-c:a", "aac", whole)
    ffmpeg("-ss", 0.56, "-i", whole, "-c", "copy", path)


def transport(path):
    ffmpeg(*PICTURE, *TONE, *H264, "-c:a", "aac", path)


SOURCES = {"gap": (gap, "mkv"), "phone": (phone, "mp4"), "late": (late, "mp4"), "late_mkv": (late, "mkv"),
           "late_sound": (late_sound, "mp4"), "delayed": (delayed, "mp4"), "cut": (cut, "mp4"), "transport": (transport, "ts")}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    paths = {}
    for name, (make, ending) in SOURCES.items():
        paths[name] = folder / f"{name}.{ending}"
        make(paths[name])
    return paths


@pytest.fixture
def points(found_faces):
    return found_faces["00003_0.jpg"]["source_landmarks"]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("name", SOURCES)
def test_each_frame_once_at_its_time(model, sources, landmarks_file, points, tmp_path, name, ending):
    source, output = sources[name], tmp_path / f"out.{ending}"
    before = times(source)
    path = landmarks_file([(i, points) for i in range(len(before))])
    result = video(model, source, output, "--mask-output", tmp_path / f"mask.{ending}", faces=("--landmarks", path))
    assert result.status == 0, result.err
    assert f"frames   {len(before)} swapped, 0 without faces kept" in result.out
    after = times(output)
    assert len(after) == len(before)
    tick = 0.0011 if "mkv" in (ending, source.suffix[1:]) else 1e-5
    assert np.abs((np.array(after) - after[0]) - (np.array(before) - before[0])).max() <= tick
    masks = times(tmp_path / f"mask.{ending}")
    assert np.abs((np.array(masks) - masks[0]) - (np.array(before) - before[0])).max() <= tick
    if name in ("phone", "late", "late_mkv", "late_sound", "delayed", "cut", "transport"):
        # Sound and picture begin as when ffmpeg itself encodes the picture and copies the sound.
        encoded = tmp_path / f"encoded.{ending}"
        ffmpeg("-i", source, *H264, "-vsync", "passthrough", "-enc_time_base", "1:90000", "-c:a", "copy",
               encoded)
        between = [times(path)[0] - times(path, "a:0")[0] for path in (encoded, output)]
        assert abs(between[0] - between[1]) <= max(2 * tick, 1e-4), between


def swapped(model, source, faces, folder, *options):
    """Which decoded frames have a swapped face, and what the program says."""
    result = video(model, source, folder / "out.mkv", "--mask-output", folder / "mask.mkv", "--mask-mode", "dst", "--force",
                   *options, faces=("--landmarks", faces))
    masks = decoded(folder / "mask.mkv", "-vsync", "passthrough")[..., 0]
    return [i for i, mask in enumerate(masks) if mask.max() > 200], result


def shown(source, number):
    """The decoded frame that ffmpeg's picture of a number from 1 shows."""
    frames = decoded(source, "-vsync", "passthrough")
    picture = decoded(source)[number - 1]
    return int(np.argmin([np.abs(frame.astype(int) - picture).sum() for frame in frames]))


@pytest.mark.parametrize("name", ["gap", "late_mkv", "delayed", "phone"])
def test_names_are_ffmpegs_pictures_and_indices_are_frames(model, sources, landmarks_file, points, tmp_path, name):
    source = sources[name]
    for number in (1, 9, 20):
        expected = shown(source, number)
        found, result = swapped(model, source, landmarks_file([(f"{number:05}.png", points)]), tmp_path)
        repeated = number > 1 and shown(source, number - 1) == expected
        assert found == ([] if repeated else [expected]), (number, result.err)
        # A whole sequence of names has the face of the first picture of each frame.
        assert result.status == 0
    for index in (0, 9, 14):
        found, result = swapped(model, source, landmarks_file([(index, points)]), tmp_path)
        assert result.status == 0 and found == [index], result.err


def test_which_way_was_counted_is_said(model, sources, landmarks_file, points, tmp_path):
    source = sources["gap"]
    assert len(decoded(source)) == 25 and len(times(source)) == 15
    every = landmarks_file([(i, points) for i in range(25)])
    found, result = swapped(model, source, every, tmp_path)
    assert result.status == 0 and found == list(range(15))
    assert "has 15 frames, of which ffmpeg makes 25 numbered pictures" in result.err
    assert "are taken to count pictures: choose with --numbering decoded or extracted" in result.err
    # Indices that only decoded frames have settle nothing; the option does.
    later = landmarks_file([(14, points)])
    assert swapped(model, source, later, tmp_path)[0] == [14]
    found, result = swapped(model, source, later, tmp_path, "--numbering", "extracted")
    assert found == [shown(source, 15)] != [14]
    found, _ = swapped(model, source, landmarks_file([("00020.png", points)]), tmp_path, "--numbering", "extracted")
    assert found == [shown(source, 20)] == [9]
    found, result = swapped(model, source, landmarks_file([("00002.png", points)]), tmp_path, "--numbering", "decoded")
    assert found == [1] and "numbered pictures" not in result.err
    # A constant rate from 0 on leaves nothing to be said.
    plain = tmp_path / "plain.mp4"
    ffmpeg(*PICTURE, *H264, plain)
    assert "pictures" not in swapped(model, plain, every, tmp_path)[1].err


def test_faces_that_hardly_match_are_said_first_and_last(model, sources, landmarks_file, points, tmp_path):
    source = sources["phone"]
    for faces, share in (([(i, points) for i in range(37914)], "only 25 of 37914 faces belong"),
                         ([("shot_01.png", points)], "none of 1 faces belongs"), ([], "holds no face that can be used")):
        result = video(model, source, tmp_path / "out.mp4", "--force", faces=("--landmarks", landmarks_file(faces)))
        assert result.status == 8, result.err
        lines = result.err.strip().split("\n")
        assert share in lines[-1] and sum(share in line for line in lines) == 2
        assert len(times(tmp_path / "out.mp4")) == 25


def test_containers_and_encoders_of_one_rate_repeat_frames_and_say_so(model, sources, landmarks_file, points, tmp_path):
    path = landmarks_file([(0, points)])
    for output, options in (("out.avi", ("--encoder", "mpeg4")), ("out.mp4", ("--constant-rate",)),
                            ("out.mkv", ("--encoder", "mpeg2video"))):
        result = video(model, sources["gap"], tmp_path / output, *options, faces=("--landmarks", path))
        assert result.status == 0 and "10 frames were repeated and 0 left out, for 25.000 frames a second" in result.err
        assert len(times(tmp_path / output)) == 25
        assert streams(tmp_path / output)[0]["video"]["r_frame_rate"] == "25/1"


def test_a_stream_without_time_stamps_has_its_rate(model, landmarks_file, points, tmp_path):
    raw = tmp_path / "raw.h264"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=24000/1001:duration=1", "-c:v", "libx264", raw)
    result = video(model, raw, tmp_path / "out.mp4", faces=("--landmarks", landmarks_file([(3, points)])))
    assert result.status == 0, result.err
    found = streams(tmp_path / "out.mp4")[0]["video"]
    assert found["r_frame_rate"] == "24000/1001" and found["nb_read_packets"] == "24"


def test_what_opencv_counts(sources):
    """OpenCV reads the frames that this program counts."""
    cv2 = pytest.importorskip("cv2")
    for name, source in sources.items():
        capture, count = cv2.VideoCapture(str(source)), 0
        while capture.read()[0]:
            count += 1
        assert count == len(times(source)), name


def test_a_broken_off_download_is_said(model, landmarks_file, points, tmp_path):
    whole, source = tmp_path / "whole.ts", tmp_path / "broken.ts"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=4", *H264, whole)
    data = whole.read_bytes()
    source.write_bytes(data[:len(data) // 3])
    path = landmarks_file([(i, points) for i in range(100)])
    result = video(model, source, tmp_path / "out.mp4", faces=("--landmarks", path))
    assert result.status == 8 and "of 100 faces belong" in result.err
    frames = subprocess.run(["ffprobe", "-v", "quiet", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of",
                             "csv=p=0", source], capture_output=True, text=True).stdout.split()
    assert len(times(tmp_path / "out.mp4")) == int(frames[0])
