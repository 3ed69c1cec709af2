# SPDX-License-Identifier: Apache-2.0
"""Videos that are made in segments: a run that was killed goes on, and shards make the video of one run.

Truth: the frames that ffmpeg decodes (framemd5), the packets of sound and subtitles, and an uninterrupted run.
"""
import json
import os
import signal
import subprocess
import time

import pytest
from conftest import PROGRAM, liae_infer
from videos import ffmpeg, needs_ffmpeg, sound, streams, times

pytestmark = needs_ffmpeg
H264 = ["-c:v", "libx264", "-crf", "10", "-preset", "ultrafast"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Eight seconds of a constant rate with sound, subtitles and a title; and as a telephone records, beginning late."""
    folder = tmp_path_factory.mktemp("sources")
    text = folder / "text.srt"
    text.write_text("1\n00:00:01,000 --> 00:00:03,000\nHello\n")
    picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=24000/1001:duration=9"]
    tone = ["-f", "lavfi", "-i", "sine=duration=8"]
    paths = {"constant": folder / "constant.mp4", "phone": folder / "phone.mp4"}
    ffmpeg(*picture, *tone, "-i", text, "-map", 0, "-map", 1, "-map", 2, "-frames:v", 200, *H264, "-c:a", "aac", "-c:s", "mov_text",
           "-metadata", "title=Holiday", "-timecode", "01:02:03:04", paths["constant"])
    ffmpeg(*tone, "-itsoffset", 0.3, *picture, "-map", 1, "-map", 0, "-vf",
           "settb=1/90000,setpts='N*3600+mod(N*N*37,1100)+27000'", "-vsync", "passthrough", "-enc_time_base", "1:90000",
           "-video_track_timescale", 90000, "-frames:v", 200, *H264, "-c:a", "aac", paths["phone"])
    return paths


@pytest.fixture
def faces(found_faces, landmarks_file):
    points = found_faces["00003_0.jpg"]["source_landmarks"]
    return landmarks_file([(i, points) for i in range(20, 180)])


def command(model, source, faces, output, *options):
    return ["video", "--model", model, "--input", source, "--landmarks", faces, "--output", output, "--face-type",
            "whole_face", "--segment", 24, "--mask-output", output.with_name(f"mask_{output.name}"), *options]


def killed(arguments, folder, after):
    """Runs the program and ends it by SIGKILL when so many segments are there."""
    running = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and len(finished(folder)) < after:
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "it was finished before it could be killed"


def finished(folder):
    """Segments that are there; each has a file of masks as well."""
    return sorted(path.name for path in folder.glob("*-0*.*") if ".mask." not in path.name and ".tmp" not in path.name)


def content(path):
    """All that a video holds: frames as they are decoded, times, packets of sound and text, what containers tell."""
    def hashes(*options):
        return subprocess.run(["ffmpeg", "-v", "error", "-i", path, *options, "-"], capture_output=True, check=True).stdout
    found, container = streams(path)
    told = {kind: {key: stream.get(key) for key in (
        "codec_name", "r_frame_rate", "avg_frame_rate", "start_time", "duration", "nb_read_packets", "tags", "pix_fmt")}
        for kind, stream in found.items()}
    return (hashes("-map", "0:v", "-vsync", "passthrough", "-f", "framemd5"), times(path),
            hashes("-map", "0:a?", "-map", "0:s?", "-c", "copy", "-f", "framemd5") if len(found) > 1 else b"",
            json.dumps(told, sort_keys=True), container["tags"])


@pytest.mark.parametrize("source, output, options", [
    ("constant", "out.mp4", ()), ("constant", "out.mkv", ("--smooth-mask", "0.3")), ("phone", "out.mp4", ()),
    ("phone", "out.mkv", ()), ("phone", "out.avi", ("--encoder", "mpeg4", "--audio-encoder", "mp3")),
    ("constant", "out.mov", ("--encoder", "prores_ks", "--alpha"))])
def test_a_run_that_is_killed_goes_on(model, sources, faces, tmp_path, source, output, options):
    whole, broken = tmp_path / "whole" / output, tmp_path / "broken" / output
    for path in (whole, broken):
        path.parent.mkdir()
    expected = liae_infer(*command(model, sources[source], faces, whole, *options))
    assert expected.status == 0, expected.err
    arguments = command(model, sources[source], faces, broken, *options)
    folder = broken.with_name(f"{output}.segments")
    killed(arguments, folder, 3)
    there = {name: (folder / name).stat().st_mtime_ns for name in finished(folder)}
    assert 3 <= len(there) < 8 and not broken.exists()
    killed(arguments, folder, len(there) + 1)
    assert there.items() <= {name: (folder / name).stat().st_mtime_ns for name in finished(folder)}.items()
    result = liae_infer(*arguments)
    assert result.status == 0 and "resumes after" in result.err, result.err
    assert sorted(os.listdir(broken.parent)) == sorted([output, f"mask_{output}"])
    for name in (output, f"mask_{output}"):
        assert content(whole.with_name(name)) == content(broken.with_name(name)), name
    count = len(times(sources[source]))
    if output != "out.avi":
        assert len(times(broken)) == count


@pytest.mark.parametrize("source, output", [("constant", "out.mp4"), ("phone", "out.mkv")])
def test_segments_leave_no_trace(model, sources, faces, tmp_path, source, output):
    """Times, sound and frames' number are those of one segment that holds the whole video."""
    many, one = tmp_path / f"many_{output}", tmp_path / f"one_{output}"
    assert liae_infer(*command(model, sources[source], faces, many)).status == 0
    assert liae_infer(*command(model, sources[source], faces, one, "--segment", 1000)).status == 0
    assert times(many) == times(one) and len(times(many)) == len(times(sources[source]))
    assert sound(many) == sound(one)
    (a, told_a), (b, told_b) = streams(many), streams(one)
    assert told_a["tags"] == told_b["tags"] and a.keys() == b.keys()
    for kind in a:
        for key in ("r_frame_rate", "avg_frame_rate", "start_time", "duration", "nb_read_packets", "tags"):
            assert a[kind].get(key) == b[kind].get(key), (kind, key)
    if source == "constant":
        assert b["subtitle"]["codec_name"] == "mov_text" and told_a["tags"]["title"] == "Holiday"


def test_other_options_and_sources_begin_anew_and_say_so(model, sources, faces, tmp_path):
    output = tmp_path / "out.mp4"
    folder = tmp_path / "out.mp4.segments"
    source = tmp_path / "source.mp4"
    source.write_bytes(sources["constant"].read_bytes())
    killed(command(model, source, faces, output), folder, 2)
    for options, words in ((("--erode", 20), "erode (0 -> 20)"), (("--crf", 20), "erode (20 -> 0), encoding"), (("--segment", 48), "encoding")):
        arguments = command(model, source, faces, output, *options)
        before = finished(folder)
        running = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while running.poll() is None and not set(finished(folder)) - set(before):
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
        assert f"segments of an earlier run are removed, as it differs in {words}" in running.communicate()[1]
        assert not set(before) & set(finished(folder))
    # Another video of the same length under the same name.
    ffmpeg("-i", sources["constant"], "-map", "0:v", "-map", "0:a", "-c", "copy", "-metadata", "title=Another", source)
    result = liae_infer(*command(model, source, faces, output, "--segment", 48))
    assert result.status == 0 and "differs in source" in result.err and "resumes" not in result.err
    assert sorted(os.listdir(tmp_path)) == ["landmarks.jsonl", "mask_out.mp4", "out.mp4", "source.mp4"]


@pytest.mark.parametrize("options", [(), ("--smooth-mask", "0.3", "--smooth-color", "0.5")])
def test_four_shards_at_once(model, sources, faces, tmp_path, options):
    output = tmp_path / "shards" / "out.mp4"
    output.parent.mkdir()
    processes = [subprocess.Popen([PROGRAM, *map(str, command(model, sources["constant"], faces, output, "--threads", 1, "--shard",
                                                              f"{i}/4", *options))], stderr=subprocess.PIPE, text=True,
                                  stdout=subprocess.DEVNULL) for i in (3, 1, 4, 2)]
    for process in processes:
        assert process.communicate(timeout=300)[1] == "" and process.returncode == 0
    assert len(finished(output.with_name("out.mp4.segments"))) == 8 and not output.exists()
    joined = liae_infer(*command(model, sources["constant"], faces, output, "--join", *options))
    assert joined.status == 0, joined.err
    whole = tmp_path / "out.mp4"
    assert liae_infer(*command(model, sources["constant"], faces, whole, *options)).status == 0
    for name in ("out.mp4", "mask_out.mp4"):
        assert content(output.with_name(name)) == content(whole.with_name(name))
        assert output.with_name(name).read_bytes() == whole.with_name(name).read_bytes()
    assert sorted(os.listdir(output.parent)) == ["mask_out.mp4", "out.mp4"]


def test_a_shard_goes_on_by_itself(model, sources, faces, tmp_path):
    output = tmp_path / "out.mp4"
    folder = tmp_path / "out.mp4.segments"

    def run(*options):
        return liae_infer(*command(model, sources["constant"], faces, output, *options))
    arguments = command(model, sources["constant"], faces, output, "--shard", "2/2")
    killed(arguments, folder, 1)
    (folder / "liae-video.json.tmp1").write_text("another shard begins")
    there = len(finished(folder))
    result = run("--shard", "2/2")
    assert result.status == 0 and "resumes after" in result.err and len(finished(folder)) == 4 > there
    assert (folder / "liae-video.json.tmp1").exists()
    result = run("--join")
    assert result.status == 4 and "4 of 8 segments are not there, the first being that of frames 1 to 24" in result.err
    result = run("--shard", "1/2", "--erode", 10)
    assert result.status == 4 and "holds segments of other settings, which differ in erode (0 -> 10)" in result.err
    assert len(finished(folder)) == 4
    # The command without a shard does the rest.
    result = run()
    assert result.status == 0 and "resumes after 104 of 200 frames" in result.err and len(times(output)) == 200
    for options in (("--shard", "0/4"), ("--shard", "1/2", "--join"), ("--segment", 1)):
        assert run("--force", *options).status == 2


def test_failed_frames_of_shards_are_not_forgotten(model, sources, found_faces, landmarks_file, tmp_path):
    points = found_faces["00003_0.jpg"]["source_landmarks"]
    faces = landmarks_file([(5, [[5, 5]] * 68), (100, points), (101, points)])
    output = tmp_path / "out.mp4"

    def run(*options):
        return liae_infer(*command(model, sources["constant"], faces, output, *options))
    assert run("--shard", "1/2").status == 1 and run("--shard", "2/2").status == 0
    # It is tried again.
    result = run("--shard", "1/2")
    assert result.status == 1 and "frame 6: " in result.err and "resumes after 72 of 96 frames" in result.err
    result = run("--join")
    assert result.status == 1 and "1 input or frame failed" in result.err and len(times(output)) == 200


def test_ctrl_c_keeps_what_is_finished(model, sources, faces, tmp_path):
    output = tmp_path / "out.mp4"
    folder = tmp_path / "out.mp4.segments"
    for wanted in (0, 2):
        running = subprocess.Popen([PROGRAM, *map(str, command(model, sources["constant"], faces, output))],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while running.poll() is None and (len(finished(folder)) < wanted if wanted else not list(folder.glob("*.tmp*"))):
            time.sleep(0.002)
        running.send_signal(signal.SIGINT)
        error = running.communicate(timeout=60)[1]
        assert running.returncode == 130 and "interrupted" in error
        assert not output.exists()
        assert len(finished(folder)) >= wanted and (wanted > 0 or not finished(folder) == [] or not folder.exists())
        assert not list(folder.glob("*.tmp*"))
