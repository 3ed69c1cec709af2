# SPDX-License-Identifier: Apache-2.0
"""`liae-infer video` through ffmpeg: what goes in is what comes out, but for the faces."""
import os
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import FACES, PROGRAM, exiftool
from videos import ALIGNED, COLORS, TO_709, decoded, ffmpeg, needs_ffmpeg, sound, streams, video

pytestmark = needs_ffmpeg


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The golden frames, and two more without faces, at 30000/1001 with tagged colours and a tone."""
    path = tmp_path_factory.mktemp("clip") / "dst.mp4"
    ffmpeg("-framerate", "30000/1001", "-i", FACES / "frames/%05d.png", "-f", "lavfi", "-i",
           "sine=frequency=440:sample_rate=48000:duration=0.3", "-vf", f"tpad=stop=2:stop_mode=clone,{TO_709}",
           "-c:v", "libx264", "-crf", "10", *COLORS, "-c:a", "aac", "-metadata", "title=Holiday", path)
    assert streams(path)[0]["video"]["nb_read_packets"] == "9"
    return path


@pytest.fixture(scope="module")
def swapped(model, clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("swapped")
    result = video(model, clip, folder / "out.mp4", "--mask-output", folder / "mask.mp4", "--crf", "4", "--mask-mode",
                   "dst")
    assert result.status == 0, result.err
    return folder, result


def test_what_is_kept(clip, swapped):
    folder, result = swapped
    assert result.err == "" and "frames   7 swapped, 2 without faces kept" in result.out
    assert sorted(os.listdir(folder)) == ["mask.mp4", "out.mp4"]
    (before, _), (after, container) = streams(clip), streams(folder / "out.mp4")
    for key in ("nb_read_packets", "r_frame_rate", "avg_frame_rate", "width", "height", "pix_fmt", "color_range",
                "color_space", "color_primaries", "color_transfer", "start_time"):
        assert after["video"].get(key) == before["video"].get(key), key
    assert after["video"]["r_frame_rate"] == "30000/1001"
    assert sound(folder / "out.mp4") == sound(clip)
    assert container["tags"]["title"] == "Holiday"


def test_what_is_changed(clip, swapped):
    folder, _ = swapped
    before, after = decoded(clip).astype(int), decoded(folder / "out.mp4").astype(int)
    masks = decoded(folder / "mask.mp4")[..., 0]
    assert before.shape == after.shape and masks.shape == before.shape[:3]
    for i in range(9):
        # Another generation of lossy compression costs a little everywhere.
        untouched = masks[i] <= 1
        assert np.abs(after[i] - before[i])[untouched].mean() < 1.5, i
        if i < 7:
            assert masks[i].max() > 250 and np.abs(after[i] - before[i])[masks[i] > 200].mean() > 4, i
        else:
            assert masks[i].max() <= 1


def test_origin(swapped):
    folder, _ = swapped
    for name in ("out.mp4", "mask.mp4"):
        path = folder / name
        found = exiftool(path)[0]
        assert found["XMP-iptcExt:DigitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
        assert "compositeWithTrainedAlgorithmicMedia" in streams(path)[1]["tags"]["comment"]


def test_no_provenance(model, clip, tmp_path):
    result = video(model, clip, tmp_path / "out.mp4", "--no-provenance")
    assert result.status == 0 and "--no-provenance" in result.err
    assert not [key for key in exiftool(tmp_path / "out.mp4")[0] if "DigitalSourceType" in key]
    assert "comment" not in streams(tmp_path / "out.mp4")[1]["tags"]


def test_landmarks_and_another_container(model, clip, found_faces, landmarks_file, tmp_path):
    points = found_faces["00003_0.jpg"]["source_landmarks"]
    for name, frame in (("index", 2), ("name", "00003.png")):
        path = landmarks_file([(frame, points)])
        result = video(model, clip, tmp_path / f"{name}.mkv", "--mask-output", tmp_path / f"{name}_mask.mkv",
                       "--mask-mode", "dst", faces=("--landmarks", path))
        assert result.status == 0, result.err
        masks = decoded(tmp_path / f"{name}_mask.mkv")[..., 0]
        assert [mask.max() > 200 for mask in masks] == [i == 2 for i in range(9)]
        assert "compositeWithTrained" in streams(tmp_path / f"{name}.mkv")[1]["tags"]["COMMENT"]


def test_parallel_is_the_same(model, clip, tmp_path):
    found = []
    for how in ("frames", "frame"):
        assert video(model, clip, tmp_path / f"{how}.mkv", "--parallel", how, "--threads", "2", "--encoder", "ffv1",
                     "--pixel-format", "gbrp").status == 0
        found.append(decoded(tmp_path / f"{how}.mkv"))
    assert np.array_equal(found[0], found[1])


def test_colours_go_through_the_matrix_that_the_stream_names(model, tmp_path):
    """Saturated colours come back as they were, whether the stream is tagged or not."""
    for name, tags in (("bt709", COLORS), ("none", []), ("full", [*COLORS[:-1], "pc"])):
        source = tmp_path / f"{name}.mp4"
        range_, matrix = ("pc" if name == "full" else "tv"), ("bt601" if name == "none" else "bt709")
        ffmpeg("-f", "lavfi", "-i", "smptebars=size=96x64:rate=25:duration=0.2", "-vf",
               f"scale=out_color_matrix={matrix}:out_range={range_},format=yuv420p", "-c:v", "libx264", "-crf", "4",
               *tags, source)
        lines = tmp_path / "none.jsonl"
        lines.write_text("")
        result = video(model, source, tmp_path / f"{name}_out.mp4", "--crf", "4", faces=("--landmarks", lines))
        assert result.status == 8, result.err
        before, after = streams(source)[0]["video"], streams(tmp_path / f"{name}_out.mp4")[0]["video"]
        assert [after.get(key) for key in ("color_space", "color_range", "color_primaries", "color_transfer")] == [
            before.get(key) for key in ("color_space", "color_range", "color_primaries", "color_transfer")], name
        a, b = decoded(source).astype(int), decoded(tmp_path / f"{name}_out.mp4")
        # The middles of the bars: their edges lose by halving the chroma once more.
        bars = [6, 20, 34, 48, 62, 76, 90]
        assert np.abs(a - b)[:, 8:36][:, :, bars].max() <= 3, name


def test_nothing_moves(model, tmp_path):
    """Smooth colours come back as the very numbers they were: no shift of chroma, no rounding."""
    source, lines = tmp_path / "smooth.mkv", tmp_path / "none.jsonl"
    lines.write_text("")
    ffmpeg("-f", "lavfi", "-i", "color=size=96x64:rate=25:duration=0.1", "-vf",
           f"format=gbrp,geq=r='X*2.6':g=100:b='Y*3.9',{TO_709}", "-c:v", "ffv1", *COLORS, source)
    assert video(model, source, tmp_path / "out.mkv", "--encoder", "ffv1", faces=("--landmarks", lines)).status == 8
    raw = [subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-"], capture_output=True,
                          check=True).stdout for path in (source, tmp_path / "out.mkv")]
    a, b = (np.frombuffer(data, np.uint8).reshape(-1, 96)[:96].astype(int) for data in raw)
    assert np.abs(a[4:60, 4:-4] - b[4:60, 4:-4]).max() <= 1 and np.abs(a - b).mean() < 0.1


def test_rotation_and_odd_sizes(model, tmp_path):
    plain, turned = tmp_path / "plain.mp4", tmp_path / "turned.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=size=98x64:rate=25:duration=0.2", "-vf",
           "format=gbrp,geq=r='X*2.6':g=100:b='Y*3.9',format=yuv420p", "-c:v", "libx264", "-crf", "4", plain)
    ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    lines = tmp_path / "none.jsonl"
    lines.write_text("")
    result = video(model, turned, tmp_path / "out.mp4", "--crf", "4", faces=("--landmarks", lines))
    assert result.status == 8, result.err
    found = streams(tmp_path / "out.mp4")[0]["video"]
    assert (found["width"], found["height"]) == (64, 98) and "side_data_list" not in found
    assert np.abs(decoded(turned).astype(int) - decoded(tmp_path / "out.mp4")).mean() < 2
    odd = tmp_path / "odd.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=0.2", "-vf", "scale=97:63,format=gbrp", "-c:v", "ffv1",
           odd)
    assert video(model, odd, tmp_path / "odd.mp4", faces=("--landmarks", lines)).status == 8
    assert (streams(tmp_path / "odd.mp4")[0]["video"]["width"]) == 97


def test_a_frame_that_fails_stays_as_it_was(model, clip, found_faces, landmarks_file, tmp_path):
    points = found_faces["00003_0.jpg"]["source_landmarks"]
    path = landmarks_file([(2, points), (3, points), (4, [[5, 5]] * 68), (20, points), (2 ** 63 - 1, points)])
    result = video(model, clip, tmp_path / "out.mp4", "--mask-output", tmp_path / "mask.mp4", "--mask-mode", "dst",
                   faces=("--landmarks", path))
    assert result.status == 1 and "frame 5: " in result.err and "line 3" in result.err
    assert "line 4 and 1 more: there is no frame number 20; left out" in result.err
    masks = decoded(tmp_path / "mask.mp4")[..., 0]
    assert [mask.max() > 200 for mask in masks] == [i in (2, 3) for i in range(9)]


def test_what_cannot_be(model, clip, tmp_path):
    (tmp_path / "noise.mp4").write_bytes(b"noise" * 1000)
    before = sorted(os.listdir(tmp_path))
    for source, output, options, status, message in (
            (tmp_path / "absent.mp4", "out.mp4", [], 4, "no such file"),
            (tmp_path / "noise.mp4", "out.mp4", [], 4, "cannot be read as a video"),
            (clip, "out.mp4", ["--encoder", "libnothing"], 4, "libnothing"),
            (clip, "out.unknown", [], 4, "ffmpeg"),
            (clip, "absent/out.mp4", [], 4, "its folder does not exist"),
            (clip, "out.mp4", ["--mode", "raw-predict"], 2, "raw-predict"),
            (clip, "out.mp4", ["--mask-mode", "given"], 2, "given")):
        result = video(model, source, tmp_path / output, *options)
        assert result.status == status and message in result.err, (message, result.err)
        assert sorted(os.listdir(tmp_path)) == before
    result = video(model, clip, clip, "--force")
    assert result.status == 2 and "would replace the input" in result.err
    (tmp_path / "out.mp4").write_text("mine")
    assert video(model, clip, tmp_path / "out.mp4").status == 4
    assert (tmp_path / "out.mp4").read_text() == "mine"
    assert video(model, clip, tmp_path / "out.mp4", "--force").status == 0


def test_names_that_look_like_options_or_protocols(model, clip, tmp_path):
    shutil.copy(clip, tmp_path / "-i a:b %d.mp4")
    result = video(model, "./-i a:b %d.mp4", "pipe:c %d.mp4", cwd=tmp_path)
    assert result.status == 0, result.err
    assert streams(tmp_path / "pipe:c %d.mp4")[0]["video"]["nb_read_packets"] == "9"


def lists_of_files(folder, secret):
    """Files that lead ffmpeg to another one, by name and content; each looks like a video by its name."""
    name = secret.name
    yield "hls.mp4", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    yield "hls.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{name}\n#EXT-X-ENDLIST\n"
    yield "concat.mp4", f"ffconcat version 1.0\nfile {name}\n"
    yield "concat.ffconcat", f"ffconcat version 1.0\nfile '{secret}'\n"
    yield "stream.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    yield "dash.mp4", f"""<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static" mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>file://{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>"""
    yield "imf.mp4", f"""<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2013"><Id>urn:uuid:0</Id></CompositionPlaylist>"""
    yield "list.asx", f'<asx version="3.0"><entry><ref href="file://{secret}"/></entry></asx>'
    yield "webm.mp4", f"[InternetShortcut]\nURL=file://{secret}\n"


def test_lists_of_other_files_are_not_followed(model, clip, tmp_path):
    secret = tmp_path / "secret.mp4"
    shutil.copy(clip, secret)
    for name, text in lists_of_files(tmp_path, secret):
        source = tmp_path / name
        source.write_text(text)
        result = video(model, source, tmp_path / "out.mp4")
        assert result.status == 4, (name, result.err)
        assert "no container of video" in result.err or "cannot be read as a video" in result.err, (name, result.err)
        assert not (tmp_path / "out.mp4").exists()
    # Pictures that a name numbers, and one picture, are frames for `merge`.
    for name in ["00001.png", "%05d.png"]:
        shutil.copy(FACES / "frames/00001.png", tmp_path / name)
    for name in ["%05d.png", "00001.png"]:
        assert video(model, tmp_path / name, tmp_path / "out.mp4").status == 4
    # A link to a video is a video.
    (tmp_path / "link.mp4").symlink_to("secret.mp4")
    assert video(model, tmp_path / "link.mp4", tmp_path / "out.mp4").status == 0


def test_outputs_of_many_files_are_refused(model, clip, tmp_path):
    for name in ["out.m3u8", "out.mpd", "out.ffconcat", "out%d.png", "out.sdp", "out", "out.tee", "out.null"]:
        result = video(model, clip, tmp_path / name)
        assert result.status == 4 and "no container of video" in result.err, (name, result.err)
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "link.mkv").symlink_to("far.mkv")
    (tmp_path / "far.mkv").write_text("old")
    (tmp_path / "far.mkv").chmod(0o600)
    assert video(model, clip, tmp_path / "link.mkv", "--force").status == 0
    assert (tmp_path / "link.mkv").is_symlink() and streams(tmp_path / "far.mkv")[0]["video"]
    assert (tmp_path / "far.mkv").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["far.mkv", "link.mkv"]


def test_without_ffmpeg(model, clip, tmp_path):
    result = video(model, clip, tmp_path / "out.mp4", environment={"PATH": str(tmp_path)})
    assert result.status == 4 and "ffprobe is not installed; it comes with ffmpeg" in result.err
